{#- Reconciliation: the log returns of a series add up to ln(last usable close / first usable close). -#}
{% test returns_telescope(model) %}
select
  instrument, frequency,
  sum(log_return) as total,
  ln(arg_max(price, event_at) / arg_min(price, event_at)) as expected
from {{ model }}
where is_usable
group by instrument, frequency
having count(*) > 1 and (
  count(log_return) <> count(*) - 1
  or abs(sum(log_return) - ln(arg_max(price, event_at) / arg_min(price, event_at))) > 1e-9 * count(*)
)
{% endtest %}
