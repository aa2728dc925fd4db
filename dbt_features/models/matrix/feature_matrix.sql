-- What Python reads: the return and every feature of each bar, side by side. Joining on known_at too keeps out features
-- that were built before their bars were restated; the tests then miss those rows.
with returns as (
  select *
  from {{ ref('int_returns') }}
  where {{ instrument_filter() }}
)

select
  returns.instrument, returns.frequency, returns.event_at, returns.known_at, returns.close, returns.adjustment,
  returns.log_return,
  momentum.momentum_5, momentum.momentum_20, momentum.momentum_60,
  {%- for n in range(1, 6) %}
  momentum.log_return_lag_{{ n }},
  {%- endfor %}
  oscillators.rsi_14, oscillators.bollinger_position_20,
  volume.volume_ratio_20,
  volatility.realised_volatility_21, volatility.ewma_volatility, volatility.bipower_volatility_21,
  volatility.parkinson_volatility_21, volatility.garman_klass_volatility_21, volatility.range_variance,
  ranks.xs_momentum_rank_20,
  {{ provenance() }}
from returns
inner join {{ ref('feat_momentum') }} as momentum using (instrument, frequency, event_at, known_at)
inner join {{ ref('feat_oscillators') }} as oscillators using (instrument, frequency, event_at, known_at)
inner join {{ ref('feat_volume') }} as volume using (instrument, frequency, event_at, known_at)
inner join {{ ref('feat_volatility') }} as volatility using (instrument, frequency, event_at, known_at)
left join {{ ref('feat_xs_momentum') }} as ranks using (instrument, frequency, event_at)
order by returns.instrument, returns.frequency, returns.event_at
