"""Alternative data: order books, news, social media, card spending, satellites, options, in one schema.

An observation is (instrument, kind, name, event_at): a value, an embedding, or both. `known_at` is
event_at plus the publication lag of its kind unless the feed says when it was published, and every
read stops at a knowledge time: a crop measured on Monday and published on Thursday is Thursday's news.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args, runtime_checkable

import numpy as np
import polars as pl

from hf_platform.errors import DataError, UnknownNameError
from hf_platform.market.source import TIME
from hf_platform.types import BoolArray, FloatArray, TimeArray, utc_naive

if TYPE_CHECKING:
    from hf_platform.lake import Lake

Kind = Literal["order_book", "news", "social", "card_spending", "satellite", "options", "other"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
NAME_RULE: Final = r"^[a-z][a-z0-9_]{0,63}$"
MOST_DIMENSIONS: Final = 4096

# Taken where a feed does not say when it published: exchanges at once, the rest as their usual products come.
PUBLICATION_LAG: Final = MappingProxyType(
    {
        "order_book": timedelta(0),
        "options": timedelta(0),
        "news": timedelta(minutes=1),
        "social": timedelta(hours=1),
        "satellite": timedelta(days=3),
        "card_spending": timedelta(days=7),
        "other": timedelta(days=1),
    }
)

ALTERNATIVE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "instrument": pl.String(),
    "kind": pl.String(),
    "name": pl.String(),
    "event_at": TIME,
    "known_at": TIME,
    "value": pl.Float64(),
    "text": pl.String(),
    "embedding": pl.List(pl.Float64()),
    "source": pl.String(),
}
_READ: Final = """
    SELECT instrument, kind, name, event_at, known_at, value, text, embedding, source
    FROM market.alternative_data
    WHERE instrument IN (SELECT unnest($instruments::VARCHAR[])) AND known_at <= $as_of::TIMESTAMP
      AND ($kind::VARCHAR IS NULL OR kind = $kind::VARCHAR) AND ($name::VARCHAR IS NULL OR name = $name::VARCHAR)
    QUALIFY $every::BOOLEAN OR row_number() OVER (
        PARTITION BY instrument, kind, name, event_at ORDER BY known_at DESC) = 1
    ORDER BY instrument, kind, name, event_at, known_at
"""


@runtime_checkable
class AlternativeSource(Protocol):
    """What a feed offers that has more than prices."""

    @property
    def name(self) -> str:
        """Written into the `source` column."""
        ...

    def alternative_instruments(self) -> list[str]:
        """List the instruments that it has alternative data of."""
        ...

    def alternative_data(self, instrument: str) -> pl.DataFrame:
        """Give the columns of `ALTERNATIVE_SCHEMA`; `file` (String) and `row_number` (Int64) may follow.

        Raises
        ------
        UnknownNameError
            If the feed has no such instrument.
        """
        ...


def read_alternative(
    store: "Lake",
    instruments: Sequence[str],
    as_of: datetime,
    kind: str | None = None,
    name: str | None = None,
    *,
    vintages: Literal["newest", "all"] = "newest",
) -> pl.DataFrame:
    """Read observations as they were known at a moment.

    Parameters
    ----------
    store : Lake
    instruments : sequence of str
    as_of : datetime
        Knowledge cutoff, UTC: what was published later is invisible.
    kind : str, optional
        One of `KINDS`; all by default.
    name : str, optional
        A series inside the kind, for example ``sentiment``.
    vintages : {"newest", "all"}
        Of each observation the newest vintage known at `as_of`, or every vintage up to then. `align`
        needs all: what a bar saw may have been restated since.

    Returns
    -------
    DataFrame
        Columns of `ALTERNATIVE_SCHEMA`, sorted by instrument, kind, name, event_at, known_at.

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    """
    if kind is not None and kind not in KINDS:
        raise UnknownNameError("kind of alternative data", kind, KINDS)
    arguments: dict[str, object] = {
        "instruments": sorted(set(instruments)),
        "as_of": utc_naive(as_of),
        "kind": kind,
        "name": name,
        "every": vintages == "all",
    }
    return store.query(_READ, arguments)


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """What was known of one series at each of some moments.

    Parameters
    ----------
    values : float64 array, shape (n_times,)
        NaN where nothing was known, or the observation has no value.
    embeddings : float64 array, shape (n_times, n_dimensions)
        NaN rows likewise; n_dimensions is 0 where no observation has an embedding.
    is_known : bool array, shape (n_times,)
        True where there was an observation.
    age : timedelta64[us] array, shape (n_times,)
        Time since the event of that observation; NaT where there was none.
    """

    values: FloatArray
    embeddings: FloatArray
    is_known: BoolArray
    age: TimeArray


def align(observations: pl.DataFrame, times: TimeArray, *, oldest: timedelta | None = None) -> Aligned:
    """Tell what was known of one series at each moment: the newest event published by then, in its vintage of then.

    Parameters
    ----------
    observations : DataFrame
        One instrument, kind and name of `read_alternative`, with ``vintages="all"``.
    times : datetime64[us] array, shape (n_times,)
        Bar closes for example, UTC; increasing.
    oldest : timedelta, optional
        An older event counts as none. No limit by default.

    Returns
    -------
    Aligned

    Raises
    ------
    DataError
        If the observations are of more than one series, or embeddings differ in length.
    """
    names = observations.select("instrument", "kind", "name").unique()
    if names.height > 1:
        raise DataError(f"one instrument, kind and name can be aligned at a time, found {names.height}. Filter them.")
    # A vintage of an event older than one known already tells nothing about the present.
    news = (
        observations.sort("known_at", "event_at")
        .filter(pl.col("event_at") >= pl.col("event_at").cum_max())
        .unique("known_at", keep="last", maintain_order=True)
    )
    at = np.searchsorted(news["known_at"].to_numpy().astype("datetime64[us]"), times, side="right") - 1
    is_known = at >= 0
    width = _width(news)
    if news.is_empty():
        nothing = np.full(times.size, np.nan)
        return Aligned(nothing, np.empty((times.size, 0)), is_known, np.full(times.size, "NaT", "timedelta64[us]"))
    row = np.maximum(at, 0)
    age = times - news["event_at"].to_numpy().astype("datetime64[us]")[row]
    if oldest is not None:
        is_known &= age <= np.timedelta64(oldest)
    table = np.full((news.height, width), np.nan)
    has = news["embedding"].is_not_null().to_numpy()
    if width:
        table[has] = np.array(news["embedding"].drop_nulls().to_list(), dtype=np.float64)
    values = news["value"].fill_null(float("nan")).to_numpy().astype(np.float64)
    return Aligned(
        values=np.where(is_known, values[row], np.nan),
        embeddings=np.where(is_known[:, None], table[row], np.nan),
        is_known=is_known,
        age=np.where(is_known, age, np.timedelta64("NaT", "us")),
    )


def _width(news: pl.DataFrame) -> int:
    lengths = news["embedding"].drop_nulls().list.len().unique().to_list()
    if len(lengths) > 1:
        raise DataError(f"embeddings of a series have one length, found {sorted(lengths)}. Mend the source.")
    return int(lengths[0]) if lengths else 0
