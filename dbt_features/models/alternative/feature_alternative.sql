-- Alternative data at each bar's close, for instruments that have any. Levels (options, card spending, satellite) are the newest
-- value published by then; flows (news, social) are what came out since the bar before. Each bar sees the vintage of its own
-- time, so a restatement changes no row that is there.
{%- set levels = {
  'implied_volatility': ('options', 'implied_volatility'),
  'card_spending_index': ('card_spending', 'index'),
  'satellite_index': ('satellite', 'index'),
} %}
{%- set flows = {
  'news_sentiment': ('news', 'sentiment', 'avg'),
  'social_sentiment': ('social', 'sentiment', 'avg'),
  'social_mentions': ('social', 'mentions', 'sum'),
} %}
with observations as (
  select instrument, kind, name, event_at, known_at, value
  from {{ source('market', 'alternative_data') }}
  where {{ instrument_filter() }}
),

bars as (
  select instrument, frequency, event_at, known_at, lag(event_at) over bars as opened_at
  from {{ ref('int_returns') }}
  where {{ instrument_filter() }} and instrument in (select instrument from observations)
  window bars as (partition by instrument, frequency order by event_at)
),

-- A story counts when it first came out, in the bar that was open then.
stories as (
  select observations.*, frequencies.frequency
  from observations
  inner join (select distinct instrument, frequency from bars) as frequencies using (instrument)
  where observations.kind in ('news', 'social') and observations.value is not null
  qualify row_number() over (
    partition by instrument, frequency, kind, name, observations.event_at order by observations.known_at
  ) = 1
),

told as (
  select
    bars.instrument, bars.frequency, bars.event_at, stories.kind, stories.name,
    list(stories.value order by stories.known_at, stories.event_at) as told
  from stories
  asof inner join bars
    on stories.instrument = bars.instrument and stories.frequency = bars.frequency
    and stories.known_at <= bars.event_at
  where stories.known_at > bars.opened_at
  group by bars.instrument, bars.frequency, bars.event_at, stories.kind, stories.name
){% for column, (kind, name) in levels.items() %},

{{ column }}_news as (
  {{ newest_events('observations', ['instrument'], "kind = '" ~ kind ~ "' and name = '" ~ name ~ "' and value is not null") }}
){% endfor %}

select
  bars.instrument, bars.frequency, bars.event_at, bars.known_at,
  book.order_book_spread, book.order_book_imbalance, book.order_book_depth_imbalance, book.order_book_micro_price,
  {%- for column, (kind, name, how) in flows.items() %}
  list_{{ how }}({{ column }}_told.told) as {{ column }},
  {%- endfor %}
  {%- for column in levels %}
  {{ column }}_news.value as {{ column }},
  {%- endfor %}
  {{ provenance() }}
from bars
left join {{ ref('feat_order_book') }} as book using (instrument, frequency, event_at)
{%- for column, (kind, name, how) in flows.items() %}
left join told as {{ column }}_told
  on bars.instrument = {{ column }}_told.instrument and bars.frequency = {{ column }}_told.frequency
  and bars.event_at = {{ column }}_told.event_at
  and {{ column }}_told.kind = '{{ kind }}' and {{ column }}_told.name = '{{ name }}'
{%- endfor %}
{%- for column in levels %}
asof left join {{ column }}_news
  on bars.instrument = {{ column }}_news.instrument and bars.event_at >= {{ column }}_news.known_at
{%- endfor %}
order by bars.instrument, bars.frequency, bars.event_at
