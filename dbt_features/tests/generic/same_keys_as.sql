{#- Reconciliation: this model holds the bars of `source_model`, neither more nor fewer. -#}
{% test same_keys_as(model, source_model) %}
with both_sides as (
  select instrument, frequency, event_at, 1 as surplus from {{ model }}
  union all
  select instrument, frequency, event_at, -1 as surplus from {{ source_model }} where {{ instrument_filter() }}
)

select instrument, frequency, event_at, sum(surplus) as surplus
from both_sides
group by instrument, frequency, event_at
having sum(surplus) <> 0
{% endtest %}
