-- Log returns between usable closes, splits and dividends included. A bar that is not usable keeps its close and has no
-- return; the next usable bar's return spans it, so that the returns of a series always add up to the log of its last over
-- its first price. Prices stay as they traded; what actions did to a holder stands beside them.
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

{{ action_effects('bars') }},

held as (
  select
    bars.*,
    coalesce(effects.adjustment, 1.0) as adjustment,
    coalesce(effects.share_factor, 1.0) as share_factor,
    effects.known_at as action_known_at
  from bars
  asof left join effects on bars.instrument = effects.instrument and bars.event_at > effects.event_at
),

priced as (
  select
    *,
    case when is_usable then close * adjustment end as price,
    -- A week or month with a split in it has prices of two kinds of shares: only its close means something.
    frequency in ('1w', '1mo')
    and share_factor <> lag(share_factor) over (partition by instrument, frequency order by event_at) as is_mixed
  from held
)

select
  instrument, frequency, event_at,
  -- greatest() ignores null: where no action is in force the bars alone count.
  greatest(
    max(known_at) over (partition by instrument, frequency order by event_at rows unbounded preceding),
    action_known_at
  ) as known_at,
  known_at as bar_known_at,
  case when not coalesce(is_mixed, false) then open end as open,
  case when not coalesce(is_mixed, false) then high end as high,
  case when not coalesce(is_mixed, false) then low end as low,
  close,
  case when not coalesce(is_mixed, false) then volume end as volume,
  adjustment, share_factor, is_usable, price,
  ln(price / lag(price) over bars) as log_return,
  {{ provenance() }}
from priced
window bars as {{ usable_bars() }}
order by instrument, frequency, event_at
