-- Volume against the mean of the bars before it, in shares of the same kind before and after a split.
with volumes as (
  select
    instrument, frequency, event_at, known_at, is_usable,
    case when is_usable then volume / share_factor end as volume
  from {{ ref('int_returns') }}
  where {{ instrument_filter() }}
),

lagged as (
  select *, {{ lagged('volume', 20) }}
  from volumes
  window bars as {{ usable_bars() }}
),

averaged as (
  select *, {{ rolling_sum('volume', 20, first=1) }} / 20 as average
  from lagged
)

select
  instrument, frequency, event_at, known_at,
  case when average > 0 then volume / average end as volume_ratio_20,
  {{ provenance() }}
from averaged
order by instrument, frequency, event_at
