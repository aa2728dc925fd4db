-- Wilder's RSI, smoothed exactly from the start of the series, and the position between Bollinger's bands.
with prices as (
  select *, price - lag(price) over bars as change
  from {{ ref('int_returns') }}
  where {{ instrument_filter() }}
  window bars as {{ usable_bars() }}
),

-- greatest() ignores null and would turn an unknown change into none: hence the two cases.
changes as (
  select
    instrument, frequency, event_at, is_usable,
    case when change > 0 then change when change is not null then 0.0 end as gain,
    case when change < 0 then -change when change is not null then 0.0 end as loss,
    row_number() over bars - 1 as n_changes
  from prices
  window bars as {{ usable_bars() }}
),

lagged as (
  select
    *,
    {{ lagged('gain', 13) }},
    {{ lagged('loss', 13) }}
  from changes
  window bars as {{ usable_bars() }}
),

-- Average of 14 = (13 * previous average + change) / 14, started at the mean of the first 14 changes.
steps as (
  select
    instrument, frequency, event_at, is_usable,
    {%- for side in ['gain', 'loss'] %}
    case
      when not is_usable or n_changes < 14 then 0.0
      when n_changes = 14 then {{ rolling_sum(side, 13) }} / 14
      else {{ side }} / 14
    end as {{ side }}{{ "," if not loop.last }}
    {%- endfor %}
  from lagged
),

smoothed as (
  {{ decayed_sums('steps', ['gain', 'loss'], 13 / 14) }}
),

-- Deviations are taken from the current price: on a flat series they are exactly zero.
deviations as (
  select
    instrument, frequency, event_at,
    {%- for i in range(0, 20) %}
    lag(price, {{ i }}) over bars - price as deviation{{ "_" ~ i if i else "" }},
    {%- endfor %}
  from prices
  window bars as {{ usable_bars() }}
),

centred as (
  select *, {{ rolling_sum('deviation', 19) }} / 20 as centre
  from deviations
),

bands as (
  select
    instrument, frequency, event_at, centre,
    sqrt({{ rolling_squares('deviation', 'centre', 19) }} / 20) as spread
  from centred
)

select
  prices.instrument, prices.frequency, prices.event_at, prices.known_at,
  case
    when changes.is_usable and changes.n_changes >= 14 and smoothed.gain + smoothed.loss > 0
      then 100 * smoothed.gain / (smoothed.gain + smoothed.loss)
  end as rsi_14,
  case when bands.spread > 0 then -bands.centre / (2 * bands.spread) end as bollinger_position_20,
  {{ provenance() }}
from prices
inner join changes using (instrument, frequency, event_at)
inner join smoothed using (instrument, frequency, event_at)
inner join bands using (instrument, frequency, event_at)
order by prices.instrument, prices.frequency, prices.event_at
