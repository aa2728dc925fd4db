-- Newest vintage of each bar.
select
  instrument, frequency, event_at, known_at, open, high, low, close, volume, flags,
  {{ provenance() }}
from {{ source('market', 'bars') }}
where {{ instrument_filter() }}
qualify row_number() over (
  partition by instrument, frequency, event_at
  order by known_at desc, ingested_at desc
) = 1
order by instrument, frequency, event_at
