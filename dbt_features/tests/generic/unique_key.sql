{#- One row per (instrument, frequency, event_at), none of them missing. -#}
{% test unique_key(model) %}
select instrument, frequency, event_at, count(*) as n_rows
from {{ model }}
group by instrument, frequency, event_at
having count(*) > 1 or instrument is null or frequency is null or event_at is null
{% endtest %}
