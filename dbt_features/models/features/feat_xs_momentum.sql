{{ config(slice='all') }}
-- Rank of momentum_20 among the instruments of the same session. Reads and replaces every instrument.
with known as (
  select
    instrument, frequency, event_at,
    -- When the bars behind momentum_20 were known; max() of times is exact whatever the table holds besides.
    max(bar_known_at) over (
      partition by instrument, frequency, is_usable order by event_at rows 20 preceding
    ) as known_at
  from {{ ref('int_returns') }}
),

members as (
  select
    known.instrument, known.frequency, known.event_at, known.known_at, momentum.momentum_20,
    case known.frequency
      when '1d' then date_trunc('day', known.event_at)
      when '1w' then date_trunc('week', known.event_at)
      when '1mo' then date_trunc('month', known.event_at)
      else known.event_at
    end as session
  from known
  inner join {{ ref('feat_momentum') }} as momentum using (instrument, frequency, event_at)
  where momentum.momentum_20 is not null
),

-- A bar is ranked among the peers that were known by the time it was: markets that close later, and bars restated
-- since, are no peers. Where a session is known at one moment, as is usual, there is one level and one row per bar.
levels as (
  select distinct frequency, session, known_at as level
  from members
),

peers as (
  select members.*, levels.level
  from members
  inner join levels
    on members.frequency = levels.frequency and members.session = levels.session and members.known_at <= levels.level
),

counted as (
  select
    *,
    rank() over (partition by frequency, session, level order by momentum_20) - 1 as n_below,
    count(*) over (partition by frequency, session, level, momentum_20) - 1 as n_tied,
    count(*) over (partition by frequency, session, level) - 1 as n_others
  from peers
)

select
  instrument, frequency, event_at, known_at,
  (n_below + n_tied / 2) / n_others as xs_momentum_rank_20,
  cast(n_others as bigint) as n_peers,
  {{ provenance() }}
from counted
where known_at = level and n_others > 0
order by instrument, frequency, event_at
