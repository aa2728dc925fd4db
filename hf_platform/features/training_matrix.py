"""Read series and features exactly as they were known at a knowledge cutoff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl

from hf_platform.errors import DataError, NotYetKnownError, PlatformError, StoreError, UnknownNameError
from hf_platform.features.catalogue import ALL_FEATURES, ALTERNATIVE_FEATURES
from hf_platform.horizons import FREQUENCIES
from hf_platform.lake import Lake
from hf_platform.market.adjustments import ADJUSTED_BARS
from hf_platform.models.base import Series
from hf_platform.types import utc_naive

# What the bars of each instrument looked like at `as_of`: number, and a hash over time, knowledge
# time and close that does not depend on the order of rows. Hashed twice: DuckDB combines columns by xor, so
# that the same change of the last one in two rows would cancel out. Bars are append only, so the newest
# snapshot still holds every vintage.
_EXPECTED: Final = """
WITH visible AS (
    SELECT instrument, event_at, known_at, close FROM market.bars
    WHERE frequency = $frequency AND instrument IN (SELECT unnest($instruments)) AND known_at <= $as_of
    QUALIFY row_number() OVER (PARTITION BY instrument, event_at ORDER BY known_at DESC, ingested_at DESC) = 1
), running AS (
    SELECT instrument, event_at, close, max(known_at) OVER (
        PARTITION BY instrument ORDER BY event_at ROWS UNBOUNDED PRECEDING
    ) AS known_at FROM visible
)
SELECT instrument, count(*) AS n, bit_xor(hash(hash(event_at, known_at, close))) AS fingerprint
FROM running GROUP BY instrument
"""
_FOUND: Final = """
SELECT instrument, count(*) AS n, bit_xor(hash(hash(event_at, known_at, close))) AS fingerprint
FROM features.feature_matrix {version}
WHERE frequency = $frequency AND instrument IN (SELECT unnest($instruments)) AND known_at <= $as_of
GROUP BY instrument
"""
# The same for instruments with corporate actions: which of them were known shows in the adjustment.
_EXPECTED_ADJUSTED: Final = f"""
WITH {ADJUSTED_BARS}, running AS (
    SELECT instrument, event_at, close, adjustment, greatest(max(known_at) OVER (
        PARTITION BY instrument ORDER BY event_at ROWS UNBOUNDED PRECEDING
    ), action_known_at) AS known_at FROM adjusted_bars WHERE frequency = $frequency
)
SELECT instrument, count(*) AS n,
       bit_xor(hash(hash(event_at, known_at, close, round(ln(adjustment), 9)))) AS fingerprint
FROM running GROUP BY instrument
"""
_FOUND_ADJUSTED: Final = """
SELECT instrument, count(*) AS n,
       bit_xor(hash(hash(event_at, known_at, close, round(ln(adjustment), 9)))) AS fingerprint
FROM features.feature_matrix {version}
WHERE frequency = $frequency AND instrument IN (SELECT unnest($instruments)) AND known_at <= $as_of
GROUP BY instrument
"""
_WITH_ACTIONS: Final = """
SELECT DISTINCT instrument FROM market.corporate_actions WHERE instrument IN (SELECT unnest($instruments))
"""
# Alternative features stand on what was published at each bar's close and never change: the current ones serve
# every version of the matrix.
_ROWS: Final = """
SELECT matrix.instrument, matrix.event_at, matrix.known_at, matrix.log_return {columns}
FROM (FROM features.feature_matrix {version}) AS matrix {alternative}
WHERE matrix.frequency = $frequency AND matrix.instrument IN (SELECT unnest($instruments))
  AND matrix.known_at <= $as_of
ORDER BY matrix.instrument, matrix.event_at
"""
_ALTERNATIVE: Final = "LEFT JOIN features.feature_alternative AS alternative USING (instrument, frequency, event_at)"
_BUILDS: Final = """
SELECT snapshot_id FROM ducklake_snapshots('lake') WHERE author = 'feature_matrix' ORDER BY snapshot_id DESC
"""


Params = dict[str, Any]  # instruments, frequency, as_of: parameters of the queries above


def read_series(
    store: Lake, instruments: Sequence[str], frequency: str, as_of: datetime, feature_names: Sequence[str]
) -> dict[str, Series]:
    """Read the returns and features of many instruments as they were known at `as_of`.

    Parameters
    ----------
    store : Lake
    instruments : sequence of str
    frequency : str
        Bar frequency, a key of `FREQUENCIES`.
    as_of : datetime
        Knowledge cutoff, UTC; rows known later are invisible.
    feature_names : sequence of str
        Keys of `FEATURES` or `ALTERNATIVE_FEATURES`, in the order wanted; may be empty. Alternative
        features are NaN where nothing had been published by the bar's close.

    Returns
    -------
    dict of str to Series
        By instrument, in alphabetical order; an instrument without a visible bar is absent.

    Raises
    ------
    UnknownNameError
        For a feature or frequency that does not exist.
    NotYetKnownError
        If bars of an instrument were restated after `as_of` and no snapshot of the lake holds its
        features as they were before.
    StoreError
        If the features of an instrument do not stand on its bars yet.

    See Also
    --------
    read_available : the same without letting one instrument stop the others.
    """
    series, unavailable = read_available(store, instruments, frequency, as_of, feature_names)
    for error in unavailable.values():
        raise error
    return series


def read_available(
    store: Lake, instruments: Sequence[str], frequency: str, as_of: datetime, feature_names: Sequence[str]
) -> tuple[dict[str, Series], dict[str, PlatformError]]:
    """Read like `read_series`; trouble with one instrument is a value beside the others' series.

    Returns
    -------
    series : dict of str to Series
    unavailable : dict of str to PlatformError
        By instrument: the `NotYetKnownError` or `StoreError` that `read_series` would raise.

    Notes
    -----
    Features hold the current vintage. Whether they stand on exactly the bars visible at `as_of` is
    decided by comparing both; where they do not, because a bar was restated or loaded late, the
    newest snapshot of the feature matrix that does is read instead.
    """
    _check_names(frequency, feature_names)
    cutoff = utc_naive(as_of)
    params: Params = {"frequency": frequency, "instruments": sorted(set(instruments)), "as_of": cutoff}
    expected = {way: _fingerprints(store, way.expected, chosen) for way, chosen in _ways(store, params)}
    names = sorted(name for marks in expected.values() for name in marks)
    if not names:
        return {}, {}
    if not _has_table(store, "feature_matrix"):
        return {}, {name: _not_built(name, frequency) for name in names}
    versions: dict[str, int | None] = {}
    for way, marks in expected.items():
        versions |= _locate(store, way, marks, params)
    frames = [
        _rows(store, feature_names, version, params | {"instruments": [n for n, v in versions.items() if v == version]})
        for version in set(versions.values())
    ]
    series = {s.instrument: s for frame in frames for s in _split(frame, frequency, tuple(feature_names))}
    missing = [name for name in names if name not in versions]
    return {name: series[name] for name in sorted(series)}, _explain(store, missing, params)


def _check_names(frequency: str, feature_names: Sequence[str]) -> None:
    if frequency not in FREQUENCIES:
        raise UnknownNameError("bar frequency", frequency, tuple(FREQUENCIES))
    for name in feature_names:
        if name not in ALL_FEATURES:
            raise UnknownNameError("feature", name, tuple(ALL_FEATURES))
    if len(set(feature_names)) != len(feature_names):
        raise DataError(f"a feature is asked for once, found {list(feature_names)}. Drop the repetition.")


@dataclass(frozen=True, slots=True)
class _Way:
    """How the bars that must be there are told from those that the matrix stands on."""

    expected: str
    found: str
    needs: str | None


_PLAIN: Final = _Way(_EXPECTED, _FOUND, None)
_ADJUSTED: Final = _Way(_EXPECTED_ADJUSTED, _FOUND_ADJUSTED, "adjustment")


def _ways(store: Lake, params: Params) -> list[tuple[_Way, Params]]:
    # Most instruments never had an action that the lake knows of: for them bars alone decide.
    asked = params["instruments"]
    acted = set(store.query(_WITH_ACTIONS, {"instruments": asked})["instrument"])
    plain = [name for name in asked if name not in acted]
    parts = ((_PLAIN, plain), (_ADJUSTED, sorted(acted)))
    return [(way, {**params, "instruments": names}) for way, names in parts if names]


def _has_table(store: Lake, table: str) -> bool:
    found = store.query(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = 'features' AND table_name = ?",
        [table],
    )
    return found.height > 0


def _at(version: int | None) -> str:
    return "" if version is None else f"AT (VERSION => {int(version)})"


def _fingerprints(store: Lake, sql: str, params: Params) -> dict[str, tuple[int, int]]:
    return {name: (n, mark) for name, n, mark in store.query(sql, params).iter_rows()}


def _found(store: Lake, way: _Way, version: int | None, params: Params) -> dict[str, tuple[int, int]]:
    """Give the marks of one version of the matrix; none where that version is older than the column they need."""
    if way.needs is not None:
        columns = store.query(f"SELECT * FROM features.feature_matrix {_at(version)} LIMIT 0").columns
        if way.needs not in columns:
            return {}
    return _fingerprints(store, way.found.format(version=_at(version)), params)


def _locate(store: Lake, way: _Way, expected: Mapping[str, tuple[int, int]], params: Params) -> dict[str, int | None]:
    # Version of the matrix that stands on the bars as they were known: None is the current one.
    chosen = {**params, "instruments": list(expected)}
    found = _found(store, way, None, chosen)
    versions: dict[str, int | None] = {name: None for name, mark in expected.items() if found.get(name) == mark}
    pending = [name for name in expected if name not in versions and name in found]
    if not pending:
        return versions
    for (snapshot,) in store.query(_BUILDS).iter_rows():
        found = _found(store, way, snapshot, {**params, "instruments": pending})
        versions |= {name: snapshot for name in pending if found.get(name) == expected[name]}
        pending = [name for name in pending if name not in versions]
        if not pending:
            break
    return versions


def _rows(store: Lake, feature_names: Sequence[str], version: int | None, params: Params) -> pl.DataFrame:
    # Column names come from the catalogue, so they may stand in the text.
    is_built = any(name in ALTERNATIVE_FEATURES for name in feature_names) and _has_table(store, "feature_alternative")
    columns = "".join(f", {_column(name, is_built=is_built)}" for name in feature_names)
    alternative = _ALTERNATIVE if is_built else ""
    return store.query(_ROWS.format(columns=columns, version=_at(version), alternative=alternative), params)


def _column(name: str, *, is_built: bool) -> str:
    if name not in ALTERNATIVE_FEATURES:
        return f"matrix.{name}"
    return f"alternative.{name}" if is_built else f"NULL::DOUBLE AS {name}"


def _split(frame: pl.DataFrame, frequency: str, feature_names: tuple[str, ...]) -> list[Series]:
    if frame.height == 0:
        return []
    event_at, known_at = (frame[c].to_numpy().astype("datetime64[us]") for c in ("event_at", "known_at"))
    log_return = frame["log_return"].to_numpy().astype(np.float64)
    features = np.empty((frame.height, len(feature_names)))
    for j, name in enumerate(feature_names):
        features[:, j] = frame[name].to_numpy()
    lengths = frame["instrument"].rle().struct.unnest()
    stops = np.cumsum(lengths["len"].to_numpy().astype(np.int64))
    starts = stops - lengths["len"].to_numpy()
    return [
        Series(
            instrument=name,
            frequency=frequency,
            event_at=event_at[a:b],
            known_at=known_at[a:b],
            log_return=log_return[a:b],
            features=features[a:b],
            feature_names=feature_names,
        )
        for name, a, b in zip(lengths["value"], starts.tolist(), stops.tolist(), strict=True)
    ]


def _not_built(name: str, frequency: str) -> StoreError:
    return StoreError(
        f"features must stand on the newest bars, those of {name} at {frequency} do not. "
        f"Run `hfp materialize group:features --instrument {name}` first."
    )


def _explain(store: Lake, names: Sequence[str], params: Params) -> dict[str, PlatformError]:
    if not names:
        return {}
    later = store.query(
        "SELECT instrument, max(known_at) AS known_at FROM ("
        "SELECT instrument, known_at FROM market.bars WHERE frequency = $frequency UNION ALL "
        "SELECT instrument, known_at FROM market.corporate_actions) "
        "WHERE instrument IN (SELECT unnest($instruments)) AND known_at > $as_of GROUP BY instrument",
        {**params, "instruments": list(names)},
    )
    restated: dict[str, datetime] = dict(later.iter_rows())
    frequency, as_of = str(params["frequency"]), params["as_of"]
    return {
        name: NotYetKnownError(
            f"the current vintage of {name}'s {frequency} features",
            f"{as_of:%Y-%m-%dT%H:%M:%S}",
            f"{restated[name]:%Y-%m-%dT%H:%M:%S}",
        )
        if name in restated
        else _not_built(name, frequency)
        for name in names
    }
