"""What the benchmark tables measure of one member: stored forecasts, time to fit and to forecast, size."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.errors import UnknownFamilyError
from hf_platform.features.training_matrix import read_available
from hf_platform.fitting.states import load_state
from hf_platform.horizons import Horizon
from hf_platform.models.base import FitTask, OriginSet, Series
from hf_platform.models.extras import missing_extra
from hf_platform.models.registry import get_family
from hf_platform.reports.guide_figures import GuideRow
from hf_platform.types import PROBABILITIES, BoolArray, FloatArray, GridKey, IntArray

if TYPE_CHECKING:
    from hf_platform.lake import Lake

ENSEMBLES: Final = ("volatility_ensemble", "return_ensemble")
_REPEATS: Final = 5
_MEMBER: Final = """
    SELECT forecast_origin, mean, volatility, quantiles FROM models.forecasts
    WHERE instrument = $instrument AND horizon = $horizon AND family = $family AND variant = $variant
      AND known_at <= $as_of
    QUALIFY row_number() OVER (PARTITION BY forecast_origin ORDER BY known_at DESC, created_at DESC, model_id) = 1
    ORDER BY forecast_origin"""
_ENSEMBLE: Final = """
    SELECT forecast_origin, mean, volatility, quantiles FROM ensembles.forecasts
    WHERE instrument = $instrument AND horizon = $horizon AND name = $family AND known_at <= $as_of
    QUALIFY row_number() OVER (PARTITION BY forecast_origin ORDER BY known_at DESC, created_at DESC, forecast_id) = 1
    ORDER BY forecast_origin"""
_FITS: Final = """
    SELECT model_id, params_json, state_uri, train_start, train_end, seconds, seed FROM models.ledger
    WHERE instrument = $instrument AND horizon = $horizon AND family = $family AND variant = $variant
      AND status = 'ok' AND as_of <= $as_of ORDER BY train_end, created_at"""


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Stored forecasts of a member whose outcome is known, on non-overlapping origins.

    Parameters
    ----------
    origins : int64 array, shape (n,)
        Bars of the series.
    mean, volatility, realised : float64 array, shape (n,)
        Over the horizon [decimal log return].
    low : float64 array, shape (n,)
        Quantile at 1 % [decimal log return].
    """

    origins: IntArray
    mean: FloatArray
    volatility: FloatArray
    low: FloatArray
    realised: FloatArray

    def at(self, origins: IntArray) -> "Forecasts":
        """Keep some origins."""
        rows: BoolArray = np.isin(self.origins, origins)
        return Forecasts(
            self.origins[rows], self.mean[rows], self.volatility[rows], self.low[rows], self.realised[rows]
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """Time and size.

    Parameters
    ----------
    fit_seconds : float or None
        Median over the fits in the ledger.
    forecast_seconds : float or None
        One forecast with the newest fit, loaded already; median of a few, measured now.
    megabytes : float or None
        The fitted model as it is stored.
    """

    fit_seconds: float | None = None
    forecast_seconds: float | None = None
    megabytes: float | None = None


def variant_of(row: GuideRow) -> str:
    """Name the variant of a row, the family's first unless it says another."""
    if row.variant or row.family in ENSEMBLES:
        return row.variant
    return get_family(row.family).variants[0]


def absence(row: GuideRow) -> str | None:
    """Say why a row has no numbers, if its family is not here at all."""
    if row.family in ENSEMBLES:
        return None
    try:
        return missing_extra(get_family(row.family))
    except UnknownFamilyError:
        return row.caveat or "no such family is registered"


def read_forecasts(store: "Lake", row: GuideRow, key: GridKey, series: Series, as_of: datetime) -> Forecasts | None:
    """Read the stored forecasts of a member; None where there are none."""
    sql = _ENSEMBLE if row.family in ENSEMBLES else _MEMBER
    params = _names(row, key) | {"as_of": as_of}
    frame = store.query(sql, {name: value for name, value in params.items() if f"${name}" in sql})
    n_bars = Horizon.parse(key.horizon).n_bars
    times = frame["forecast_origin"].to_numpy().astype("datetime64[us]")
    bars = np.minimum(np.searchsorted(series.event_at, times), len(series) - 1).astype(np.int64)
    kept = (series.event_at[bars] == times) & (bars % n_bars == 0) & (bars + n_bars < len(series))
    if not kept.any():
        return None
    low = frame["quantiles"].list.get(PROBABILITIES.index(0.01)).to_numpy()[kept].astype(np.float64)
    realised = np.array([series.log_return[bar + 1 : bar + 1 + n_bars].sum() for bar in bars[kept]])
    found = Forecasts(
        bars[kept],
        frame["mean"].to_numpy()[kept].astype(np.float64),
        frame["volatility"].to_numpy()[kept].astype(np.float64),
        low,
        realised,
    )
    return found.at(found.origins[np.isfinite(realised)])


def measure_cost(store: "Lake", row: GuideRow, key: GridKey, as_of: datetime) -> Cost:
    """Measure what a member's newest fit weighs and how long it takes to forecast."""
    if row.family in ENSEMBLES:
        return Cost()
    fits = store.query(_FITS, _names(row, key) | {"as_of": as_of})
    if fits.is_empty():
        return Cost()
    newest, seconds = fits.row(-1, named=True), float(np.median(fits["seconds"].to_numpy()))
    state = load_state(store.settings, newest["params_json"], newest["state_uri"])
    if state is None:
        return Cost(seconds)
    return Cost(
        seconds,
        _forecast_seconds(store, row, key, newest=newest, state=state, as_of=as_of),
        sum(map(len, state.values())) / 1e6,
    )


def _forecast_seconds(
    store: "Lake",
    row: GuideRow,
    key: GridKey,
    *,
    newest: Mapping[str, object],
    state: dict[str, bytes],
    as_of: datetime,
) -> float | None:
    family, horizon = get_family(row.family), Horizon.parse(key.horizon)
    found, _ = read_available(store, [key.instrument], horizon.frequency, as_of, family.feature_names)
    if key.instrument not in found:
        return None
    series = found[key.instrument]
    start, stop = (
        int(np.searchsorted(series.event_at, np.datetime64(str(newest[name]), "us")))
        for name in ("train_start", "train_end")
    )
    task = FitTask(str(newest["model_id"]), key, horizon, variant_of(row), series, start, stop + 1, 0)
    fitted = family.from_state(task, state)
    asked = OriginSet(series, np.array([len(series) - 1], dtype=np.int64))
    if not family.usable_origins(fitted, asked).all():
        return None
    seconds: list[float] = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        family.forecast_many([fitted], [asked])
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))


def said_of(store: "Lake", row: GuideRow, key: GridKey) -> str:
    """Give what the newest model wants said of itself (random weights, a stack without a member); empty if nothing."""
    found = store.query(
        "SELECT reason FROM models.ledger WHERE status = 'ok' AND instrument = $instrument AND horizon = $horizon "
        "AND family = $family AND variant = $variant ORDER BY train_end DESC, created_at DESC LIMIT 1",
        _names(row, key),
    )
    return str(found["reason"][0]) if found.height and found["reason"][0] is not None else ""


def _names(row: GuideRow, key: GridKey) -> dict[str, object]:
    return {
        "instrument": key.instrument,
        "horizon": key.horizon,
        "family": row.family,
        "variant": variant_of(row),
    }


def common_origins(members: Sequence[Forecasts]) -> IntArray:
    """Find the origins that all members have forecast."""
    shared = members[0].origins
    for member in members[1:]:
        shared = np.intersect1d(shared, member.origins)
    return shared


def peak_memory(text: str | None) -> dict[str, float]:
    """Read peak memory by family from the file that `hfp bench forecast` saves; empty where there is none."""
    return {} if text is None else {str(name): float(value) for name, value in json.loads(text)["peak_mb"].items()}
