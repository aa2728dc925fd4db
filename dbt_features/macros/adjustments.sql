{#- What corporate actions did to a holder, as factors that grow with time: a share held since the first bar has become
    `share_factor` shares by splits and is worth `adjustment` times the price, dividends reinvested at the close of the
    ex-session. A new action changes rows after its ex-time only; nothing is adjusted backwards, nothing is stored twice.
    The SQL of hf_platform/market/adjustments.py must say the same; a test compares the two.

    `bars` holds instrument, frequency, event_at, close, is_usable. Gives the common table expression `effects`: instrument,
    event_at, adjustment, share_factor, known_at. Factors are multiplied in their order in time, one after the other, so that
    other rows never move their last bits. -#}
{% macro action_effects(bars) -%}
actions as (
  select instrument, kind, event_at, known_at, value
  from {{ source('market', 'corporate_actions') }}
  where {{ instrument_filter() }}
  qualify row_number() over (partition by instrument, kind, event_at order by known_at desc) = 1
),

-- A dividend is reinvested at the first close after its ex-time: of days, else of the finest bars there are.
priced_in as (
  select instrument, arg_min(frequency, list_position(['1d', '1w', '1mo'], frequency)) as frequency
  from {{ bars }}
  where is_usable and frequency in ('1d', '1w', '1mo')
  group by instrument
),

reference_prices as (
  select bars.instrument, bars.event_at, bars.close
  from {{ bars }} as bars
  inner join priced_in using (instrument, frequency)
  where bars.is_usable
),

factors as (
  select
    actions.instrument, actions.event_at, actions.known_at,
    if(actions.kind = 'split', 0, 1) as turn,
    actions.kind,
    case when actions.kind = 'split' then actions.value else 1 + actions.value / prices.close end as factor,
    case when actions.kind = 'split' then actions.value else 1.0 end as shares
  from actions
  asof inner join reference_prices as prices
    on actions.instrument = prices.instrument and actions.event_at < prices.event_at
  where actions.kind in ('split', 'dividend', 'spin_off') and actions.value is not null
),

effects as (
  select
    instrument, event_at,
    max(known_at) over so_far as known_at,
    list_reduce(list(factor) over so_far, lambda a, b: a * b) as adjustment,
    list_reduce(list(shares) over so_far, lambda a, b: a * b) as share_factor
  from factors
  window so_far as (partition by instrument order by event_at, turn, kind rows unbounded preceding)
  qualify row_number() over (partition by instrument, event_at order by turn desc, kind desc) = 1
)
{%- endmacro %}
