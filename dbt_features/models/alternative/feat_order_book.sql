-- The order book at each bar's close: the newest book published by then, unless it is from before the bar began. Instruments
-- without a book have no rows. Each bar sees the vintage of its own time, so no row ever changes afterwards.
with books as (
  select
    instrument, event_at, known_at,
    {%- for side in ['bid', 'ask'] %}
    max(value) filter (where name = '{{ side }}_price_1') as {{ side }}_price,
    {%- for level in range(1, 6) %}
    max(value) filter (where name = '{{ side }}_size_{{ level }}') as {{ side }}_size_{{ level }}
    {{- "," if not (side == 'ask' and loop.last) }}
    {%- endfor %}
    {%- endfor %}
  from {{ source('market', 'alternative_data') }}
  where kind = 'order_book' and {{ instrument_filter() }}
  group by instrument, event_at, known_at
),

news as (
  {{ newest_events('books', ['instrument']) }}
),

bars as (
  select instrument, frequency, event_at, known_at, lag(event_at) over bars as opened_at
  from {{ ref('int_returns') }}
  where {{ instrument_filter() }} and instrument in (select instrument from books)
  window bars as (partition by instrument, frequency order by event_at)
),

-- A book whose ask is not above its bid is no book.
seen as (
  select
    bars.instrument, bars.frequency, bars.event_at, bars.known_at,
    news.bid_price, news.ask_price,
    (news.bid_price + news.ask_price) / 2 as middle,
    {%- for side in ['bid', 'ask'] %}
    news.{{ side }}_size_1 as {{ side }}_size,
    {% for level in range(1, 6) %}coalesce(news.{{ side }}_size_{{ level }}, 0){{ " + " if not loop.last }}{% endfor %}
      as {{ side }}_depth{{ "," if not loop.last }}
    {%- endfor %}
  from bars
  asof inner join news on bars.instrument = news.instrument and bars.event_at >= news.known_at
  where news.event_at > bars.opened_at and news.bid_price > 0 and news.ask_price > news.bid_price
)

select
  instrument, frequency, event_at, known_at,
  (ask_price - bid_price) / middle as order_book_spread,
  case when bid_size + ask_size > 0 then (bid_size - ask_size) / (bid_size + ask_size) end as order_book_imbalance,
  case when bid_depth + ask_depth > 0 then (bid_depth - ask_depth) / (bid_depth + ask_depth) end
    as order_book_depth_imbalance,
  case
    when bid_size + ask_size > 0
      then (bid_price * ask_size + ask_price * bid_size) / (bid_size + ask_size) / middle - 1
  end as order_book_micro_price,
  {{ provenance() }}
from seen
order by instrument, frequency, event_at
