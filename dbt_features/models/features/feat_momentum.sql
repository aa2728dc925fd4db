-- Simple returns over several lookbacks, and the log returns of the bars before.
with prices as (
  select *
  from {{ ref('int_returns') }}
  where {{ instrument_filter() }}
)

select
  instrument, frequency, event_at, known_at,
  {%- for n in [5, 20, 60] %}
  price / lag(price, {{ n }}) over bars - 1 as momentum_{{ n }},
  {%- endfor %}
  {%- for n in range(1, 6) %}
  lag(log_return, {{ n }}) over bars as log_return_lag_{{ n }},
  {%- endfor %}
  {{ provenance() }}
from prices
window bars as {{ usable_bars() }}
order by instrument, frequency, event_at
