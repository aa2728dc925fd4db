-- Five measures of the volatility of the last bars, and the variance within this one; per bar and not annualised.
with bars as (
  select
    *,
    -- Parkinson and Garman-Klass: contributions of one bar, null unless its range is known and sound.
    case when is_usable and low > 0 and high >= low then ln(high / low) * ln(high / low) end as range_square,
    case when is_usable and open > 0 then ln(close / open) * ln(close / open) end as body_square
  from {{ ref('int_returns') }}
  where {{ instrument_filter() }}
),

terms as (
  select
    instrument, frequency, event_at, known_at, is_usable, log_return, range_square,
    0.5 * range_square - (2 * ln(2.0::double) - 1) * body_square as range_body,
    abs(log_return) * abs(lag(log_return) over bars) as neighbours,
    coalesce(log_return * log_return, 0) as decayed,
    row_number() over bars - 1 as n_returns
  from bars
  window bars as {{ usable_bars() }}
),

lagged as (
  select
    *,
    {{ lagged('log_return', 20) }},
    {{ lagged('neighbours', 19) }},
    {{ lagged('range_square', 20) }},
    {{ lagged('range_body', 20) }}
  from terms
  window bars as {{ usable_bars() }}
),

centred as (
  select *, {{ rolling_sum('log_return', 20) }} / 21 as centre
  from lagged
),

-- Sum of squared returns, each bar back counting 0.94 times the one after it.
decayed as (
  {{ decayed_sums('terms', ['decayed'], 0.94) }}
)

select
  centred.instrument, centred.frequency, centred.event_at, centred.known_at,
  sqrt({{ rolling_squares('log_return', 'centre', 20) }} / 20) as realised_volatility_21,
  case
    when centred.is_usable and centred.n_returns >= 21
      then sqrt(decayed.decayed * (1 - 0.94e0) / (1 - pow(0.94e0, centred.n_returns)))
  end as ewma_volatility,
  sqrt(pi() / 2 * {{ rolling_sum('neighbours', 19) }} / 20) as bipower_volatility_21,
  sqrt({{ rolling_sum('range_square', 20) }} / (21 * 4 * ln(2.0::double))) as parkinson_volatility_21,
  case
    when {{ rolling_sum('range_body', 20) }} >= 0 then sqrt({{ rolling_sum('range_body', 20) }} / 21)
  end as garman_klass_volatility_21,
  -- A bar that never moved says nothing about variance.
  case when centred.range_square > 0 then centred.range_square / (4 * ln(2.0::double)) end as range_variance,
  {{ provenance() }}
from centred
inner join decayed using (instrument, frequency, event_at)
order by centred.instrument, centred.frequency, centred.event_at
