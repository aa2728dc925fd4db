{#- What was new when it became known: of rows with event_at and known_at, those about an event no older than any known by
    then, one per known_at. An ASOF join on known_at then finds the newest event in its vintage of the time. A maximum of times
    is exact whatever the table holds besides. -#}
{% macro newest_events(relation, series, where='true') -%}
  select *
  from {{ relation }}
  where {{ where }}
  qualify event_at >= max(event_at) over (
    partition by {{ series | join(', ') }} order by known_at, event_at rows unbounded preceding
  )
  and row_number() over (partition by {{ series | join(', ') }}, known_at order by event_at desc) = 1
{%- endmacro %}
