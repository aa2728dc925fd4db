-- Log returns between usable closes. A bar that is not usable keeps its close and has no return; the next usable bar's
-- return spans it, so that the returns of a series always add up to the log of its last over its first usable close.
with bars as (
  select
    *,
    coalesce(
      close > 0 and isfinite(close)
      and not list_has_any(flags, ['{{ var("hard_flags") | join("', '") }}']),
      false
    ) as is_usable
  from {{ ref('stg_bars') }}
  where {{ instrument_filter() }}
),

priced as (
  select
    *,
    case when is_usable then close end as price
  from bars
)

select
  instrument, frequency, event_at,
  max(known_at) over (
    partition by instrument, frequency order by event_at rows unbounded preceding
  ) as known_at,
  known_at as bar_known_at,
  open, high, low, close, volume, is_usable, price,
  ln(price / lag(price) over bars) as log_return,
  {{ provenance() }}
from priced
window bars as {{ usable_bars() }}
order by instrument, frequency, event_at
