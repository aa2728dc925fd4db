"""Read what an ensemble needs from the lake: which origins are new, and the members' forecasts there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.ensembles.calibration import Past
from hf_platform.ensembles.combination import COMBINATIONS, Members
from hf_platform.lake import Lake
from hf_platform.models.base import ModelFamily, Series
from hf_platform.types import FloatArray, GridKey, IntArray

if TYPE_CHECKING:
    import polars as pl

_SELECTED: Final = """
    FROM models.forecasts f
    JOIN (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon, unnest($since) AS since)
    USING (instrument, horizon)
    JOIN (SELECT unnest($families) AS family, unnest($variants) AS variant, unnest($bits) AS bit)
    USING (family, variant)
    WHERE f.known_at <= $as_of AND f.forecast_origin >= since"""
# A forecast is named by the set of its members' models: order does not matter, hence the exclusive or.
# One pass: a summary row for each key (`n_origins` set), and a row for each origin not combined yet.
_PLAN: Final = f"""
    WITH named AS MATERIALIZED (
        SELECT instrument, horizon, forecast_origin, bit_or(bit) AS members,
               md5(concat_ws('|', $name, $code, instrument, horizon, epoch_us(forecast_origin),
                             bit_xor(md5_number_lower(model_id)), bit_xor(md5_number_upper(model_id)))) AS forecast_id
        {_SELECTED}
        GROUP BY instrument, horizon, forecast_origin
    )
    SELECT instrument, horizon, max(forecast_origin) AS origin, arg_max(forecast_id, forecast_origin) AS forecast_id,
           arg_max(members, forecast_origin) AS members, count(*) AS n_origins
    FROM named GROUP BY instrument, horizon
    UNION ALL
    SELECT n.instrument, n.horizon, n.forecast_origin, n.forecast_id, n.members, NULL
    FROM named n ANTI JOIN (
        SELECT forecast_id FROM ensembles.forecasts
        WHERE name = $name AND instrument IN (SELECT unnest($instruments))
    ) s USING (forecast_id)"""
_ROWS: Final = f"""
    SELECT instrument, horizon, family || '/' || variant AS member, forecast_origin, target_at, known_at, created_at,
           model_id, mean, volatility
    {_SELECTED}"""
# What earlier runs said, newest vintage; combinations of another code version may be others.
_PAST: Final = """
    SELECT instrument, horizon, forecast_origin, mean, volatility, combination_means, combination_volatilities,
           interval_miscoverage
    FROM ensembles.forecasts f
    JOIN (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon, unnest($since) AS since)
    USING (instrument, horizon)
    WHERE name = $name AND known_at <= $as_of AND forecast_origin >= since AND len(combination_means) = $n_combinations
    QUALIFY row_number() OVER (PARTITION BY instrument, horizon, forecast_origin
                               ORDER BY known_at DESC, created_at DESC, forecast_id) = 1
    ORDER BY instrument, horizon, forecast_origin"""
_FITS: Final = """
    SELECT model_id, any_value(aic) AS aic, any_value(input_hash) AS input_hash
    FROM models.ledger
    WHERE status = 'ok' AND instrument IN (SELECT unnest($instruments)) AND family IN (SELECT unnest($families))
    GROUP BY model_id"""
_EVER: Final = datetime(1, 1, 1)  # noqa: DTZ001  # naive UTC, like every time of the lake


@dataclass(frozen=True, slots=True, eq=False)
class KeyPlan:
    """What is left to combine for one key.

    Parameters
    ----------
    n_origins : int
        Origins with at least one member.
    newest : datetime
        Newest of them.
    data_version : str
        Content hash of the newest one's members.
    members : tuple of str
        Members that have a forecast at the newest one.
    forecast_ids : dict of datetime to str
        Origins whose present members were not combined yet.
    """

    n_origins: int
    newest: datetime
    data_version: str
    members: tuple[str, ...]
    forecast_ids: dict[datetime, str]


def member_names(families: Sequence[ModelFamily]) -> tuple[str, ...]:
    """Name all members, "family/variant", in order."""
    return tuple(sorted(f"{family.name}/{variant}" for family in families for variant in family.variants))


def plan_origins(
    store: Lake, name: str, code: str, members: Sequence[str], keys: Sequence[GridKey], *, as_of: datetime
) -> dict[GridKey, KeyPlan]:
    """Find, for each key, the origins to combine; a key without any forecast is absent."""
    params = _params(members, dict.fromkeys(keys, _EVER)) | {"as_of": as_of, "name": name, "code": code}
    plans: dict[GridKey, KeyPlan] = {}
    new: dict[GridKey, dict[datetime, str]] = {}
    for instrument, horizon, origin, forecast_id, present, n_origins in store.query(_PLAN, params).iter_rows():
        key = GridKey(instrument, horizon)
        ids = new.setdefault(key, {})
        if n_origins is None:
            ids[origin] = forecast_id
        else:
            plans[key] = KeyPlan(n_origins, origin, forecast_id, _of_bits(members, present), ids)
    return plans


def read_rows(
    store: Lake, members: Sequence[str], since: Mapping[GridKey, datetime], as_of: datetime
) -> "dict[GridKey, pl.DataFrame]":
    """Read the current forecasts of all members from a given origin on, by key."""
    params = _params(members, since)
    frame = store.query(_ROWS, params | {"as_of": as_of})
    fits = store.query(_FITS, {name: params[name] for name in ("instruments", "families")})
    joined = frame.join(fits, on="model_id", how="left")
    parts = joined.partition_by(["instrument", "horizon"], as_dict=True, include_key=False)
    return {GridKey(str(instrument), str(horizon)): part for (instrument, horizon), part in parts.items()}


def read_past(
    store: Lake, name: str, since: Mapping[GridKey, datetime], as_of: datetime
) -> "dict[GridKey, pl.DataFrame]":
    """Read what earlier runs of an ensemble stored, from a given origin on, by key."""
    params = {
        "instruments": [key.instrument for key in since],
        "horizons": [key.horizon for key in since],
        "since": list(since.values()),
        "as_of": as_of,
        "name": name,
        "n_combinations": len(COMBINATIONS),
    }
    frame = store.query(_PAST, params)
    parts = frame.partition_by(["instrument", "horizon"], as_dict=True, include_key=False, maintain_order=True)
    return {GridKey(str(instrument), str(horizon)): part for (instrument, horizon), part in parts.items()}


def past_of(frame: "pl.DataFrame | None", series: Series, n_bars: int, new: Sequence[datetime]) -> Past:
    """Lay stored forecasts out by bar: those on the grid of the horizon that are not made anew."""
    if frame is None:
        return Past.none()
    times = frame["forecast_origin"].to_numpy().astype("datetime64[us]")
    bars = np.minimum(np.searchsorted(series.event_at, times), len(series) - 1)
    again = np.isin(times, np.array(new, dtype="datetime64[us]"))
    rows = np.flatnonzero((series.event_at[bars] == times) & (bars % n_bars == 0) & ~again)
    kept = frame[rows]
    return Past(
        bars[rows].astype(np.int64),
        kept["mean"].to_numpy(),
        kept["volatility"].to_numpy(),
        _wide(kept, "combination_means"),
        _wide(kept, "combination_volatilities"),
        kept["interval_miscoverage"].to_numpy(),
    )


def _wide(frame: "pl.DataFrame", column: str) -> FloatArray:
    flat = frame[column].explode().to_numpy() if frame.height else np.empty(0)
    return np.asarray(flat, dtype=np.float64).reshape(frame.height, len(COMBINATIONS))


def _of_bits(members: Sequence[str], bits: int) -> tuple[str, ...]:
    return tuple(member for i, member in enumerate(members) if bits >> i & 1)


def _params(members: Sequence[str], since: Mapping[GridKey, datetime]) -> dict[str, object]:
    return {
        "families": [member.split("/")[0] for member in members],
        "variants": [member.split("/")[1] for member in members],
        "bits": [1 << i for i in range(len(members))],
        "instruments": [key.instrument for key in since],
        "horizons": [key.horizon for key in since],
        "since": list(since.values()),
    }


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """The rows of one key, aligned on origins.

    Parameters
    ----------
    members : Members
    row_of : int64 array, shape (n_origins, n_members)
        Row of the frame, -1 where a member is missing.
    """

    members: Members
    row_of: IntArray


def align(frame: "pl.DataFrame", names: Sequence[str], series: Series) -> Aligned:
    """Spread the rows of one key over a dense grid of origins and members.

    Of several rows for one origin and member the newest vintage stays, then the newest made; rows whose
    origin is no bar of the series are left out.
    """
    import polars as pl

    codes = {name: code for code, name in enumerate(names)}
    times = frame["forecast_origin"].to_numpy().astype("datetime64[us]")
    bars = np.minimum(np.searchsorted(series.event_at, times), len(series) - 1)
    rows = np.flatnonzero(series.event_at[bars] == times)
    member = frame["member"].replace_strict(codes, return_dtype=pl.Int64).to_numpy()
    origins, position = np.unique(bars[rows], return_inverse=True)
    row_of = np.full((origins.size, len(names)), -1, dtype=np.int64)
    row_of[position, member[rows]] = rows
    if (row_of >= 0).sum() < rows.size:
        # Assigned again in the order of age, so that the newest comes last.
        age = frame.select(pl.struct("known_at", "created_at", "model_id").rank("ordinal")).to_series().to_numpy()
        order = np.argsort(age[rows])
        row_of[position[order], member[rows][order]] = rows[order]
    present = row_of >= 0

    def spread(column: str) -> FloatArray:
        return np.where(present, frame[column].to_numpy()[row_of], np.nan)

    inputs = frame["input_hash"].fill_null("").rank("dense").to_numpy().astype(np.int64)[row_of]
    members = Members(
        tuple(names), origins.astype(np.int64), spread("mean"), spread("volatility"), spread("aic"), inputs
    )
    return Aligned(members.on_identical_data(), row_of)
