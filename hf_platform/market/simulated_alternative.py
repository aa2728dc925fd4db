"""Alternative data of a simulated instrument: noise with known moments and, on request, a known signal.

News come half an hour before the close, posts ninety minutes before it: published by then, so that
a model may use them at the close. News sentiment is N(0, 1) and correlates with the next session's own
shock by `news_signal`; its embedding is that sentiment along one fixed direction, in noise. Mentions are
Poisson(100), implied volatility is the true one times N(1, 0.1). Card spending and satellite counts move
with the monthly sum of the own shocks and come out days later: a read that forgets the lag looks brilliant.
"""

import numpy as np
import polars as pl

from hf_platform.market.alternative_data import ALTERNATIVE_SCHEMA, PUBLICATION_LAG
from hf_platform.market.simulated_bars import SOURCE
from hf_platform.market.simulated_returns import Path, generator
from hf_platform.market.simulation_spec import SimulationSpec
from hf_platform.types import FloatArray, TimeArray

_MONTH = 21  # sessions
_NEWS = np.timedelta64(30, "m")  # before the close
_POSTS = np.timedelta64(90, "m")


def draw_alternative(
    name: str,
    spec: SimulationSpec,
    seed: int,
    random: np.random.Generator,
    *,
    path: Path,
    closes: TimeArray,
    log_close: FloatArray,
) -> pl.DataFrame:
    """Draw every kind for one instrument.

    Returns
    -------
    DataFrame
        Columns of `ALTERNATIVE_SCHEMA`, sorted by kind, name, event_at.
    """
    n = closes.size
    more = generator(seed, f"{name}:alternative")
    ahead = np.append(path.shock[1:], 0.0)  # the last session's next one is unknown to everybody
    sentiment = _mix(spec.news_signal, ahead, random.normal(0.0, 1.0, n))
    mentions = random.poisson(100.0, n).astype(np.float64)
    implied = path.volatility * random.normal(1.0, 0.1, n)
    month = np.convolve(path.shock, np.ones(_MONTH))[:n] / np.sqrt(_MONTH)
    parts = [
        _series("news", "sentiment", closes - _NEWS, sentiment, _embed(sentiment, spec.embedding_size, seed, more)),
        _series("social", "mentions", closes - _POSTS, mentions),
        _series("social", "sentiment", closes - _POSTS, _mix(0.5, sentiment, more.normal(0.0, 1.0, n))),
        _series("options", "implied_volatility", closes, implied),
        _series("card_spending", "index", closes[_MONTH::_MONTH], 100.0 + 5.0 * month[_MONTH::_MONTH]),
        _series("satellite", "index", closes[5::5], 50.0 + 3.0 * month[5::5] + more.normal(0.0, 1.0, n)[5::5]),
        *_order_book(spec, more, ahead, closes, np.exp(log_close)),
    ]
    return (
        pl.concat(parts)
        .with_columns(pl.lit(name).alias("instrument"), pl.lit(SOURCE).alias("source"))
        .select(*ALTERNATIVE_SCHEMA)
        .sort("kind", "name", "event_at")
    )


def _mix(correlation: float, signal: FloatArray, noise: FloatArray) -> FloatArray:
    """Weigh a signal and noise so that the variance of both is kept."""
    return correlation * signal + np.sqrt(1.0 - correlation**2) * noise


def _embed(sentiment: FloatArray, size: int, seed: int, random: np.random.Generator) -> FloatArray:
    """Hide a number in vectors, shape (n, size): one direction for all instruments of a seed, noise in all."""
    direction = generator(seed, "embedding").normal(0.0, 1.0, size)
    direction /= np.sqrt(direction @ direction)
    return sentiment[:, None] * direction + random.normal(0.0, 0.5, (sentiment.size, size))


def _order_book(
    spec: SimulationSpec, random: np.random.Generator, ahead: FloatArray, closes: TimeArray, price: FloatArray
) -> list[pl.DataFrame]:
    """Draw the book at each close: `book_levels` prices and sizes on both sides of the last price.

    The size at the touch leans to the side of the next move: imbalance = tanh of a mix of signal and noise.
    """
    n = closes.size
    lean = np.tanh(_mix(spec.book_signal, ahead, random.normal(0.0, 1.0, n)) / 2.0)
    spread = price * 2e-4 * np.exp(random.normal(0.0, 0.3, n))
    total = 1000.0 * np.exp(random.normal(0.0, 0.5, n))
    parts: list[pl.DataFrame] = []
    for level in range(1, spec.book_levels + 1):
        tilt = lean / level  # deeper levels know less
        depth = total * level
        away = spread * (level - 0.5)
        parts += [
            _series("order_book", f"bid_price_{level}", closes, price - away),
            _series("order_book", f"ask_price_{level}", closes, price + away),
            _series("order_book", f"bid_size_{level}", closes, depth * (1.0 + tilt) / 2.0),
            _series("order_book", f"ask_size_{level}", closes, depth * (1.0 - tilt) / 2.0),
        ]
    return parts


def _series(
    kind: str, name: str, times: TimeArray, values: FloatArray, embeddings: FloatArray | None = None
) -> pl.DataFrame:
    frame = pl.DataFrame({"event_at": times, "value": values}).with_columns(
        pl.lit(kind).alias("kind"),
        pl.lit(name).alias("name"),
        (pl.col("event_at") + PUBLICATION_LAG[kind]).alias("known_at"),
        pl.lit(None, pl.String).alias("text"),
    )
    vectors = pl.Series("embedding", [None] * times.size if embeddings is None else embeddings.tolist(),
                        dtype=pl.List(pl.Float64))  # fmt: skip
    return frame.with_columns(vectors)
