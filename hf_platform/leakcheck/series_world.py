"""Series with features, and subjects that learn from them: training matrices, scalers, weights, families."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.ensembles.combination import EnsembleSpec, Members, combine_members
from hf_platform.errors import DataError
from hf_platform.horizons import Horizon
from hf_platform.leakcheck.check import Probe, Subject
from hf_platform.models.base import FitFailure, FitTask, Fitted, ModelFamily, OriginSet, Series
from hf_platform.models.identity import derive_seed
from hf_platform.models.supervised import TrainingRows, training_rows
from hf_platform.types import FloatArray, GridKey, IntArray

if TYPE_CHECKING:
    import polars as pl

N_BARS: Final = 1_300
ANCHOR: Final = 1_100  # last training bar
_ORIGINS: Final = (ANCHOR, ANCHOR + 5, ANCHOR + 60)
_WEIGHED: Final = 420


def make_series(feature_names: tuple[str, ...], seed: int = 0, n_bars: int = N_BARS) -> Series:
    """Draw one instrument with volatility that clusters, and features known at each bar's close."""
    rng = np.random.default_rng([seed, 3])
    shocks = rng.standard_normal((n_bars, 1 + len(feature_names)))
    returns, variance = np.empty(n_bars), 1e-4
    for t in range(n_bars):
        returns[t] = 2e-4 + np.sqrt(variance) * shocks[t, 0]
        variance = 2e-6 + 0.07 * (returns[t] - 2e-4) ** 2 + 0.91 * variance
    returns[0] = np.nan
    features = shocks[:, 1:].copy()
    features[:60] = np.nan
    for column, name in enumerate(feature_names):
        if name == "range_variance":
            features[1:, column] = np.square(returns[1:]) * np.exp(0.3 * shocks[1:, 1 + column]) + 1e-6
    event_at = np.datetime64("1995-01-03T21:00", "us") + np.arange(n_bars) * np.timedelta64(1, "D")
    return Series("AAA", "1d", event_at, event_at + np.timedelta64(30, "m"), returns, features, feature_names)


def cut(series: Series, bar: int) -> Series:
    """Keep the bars up to one."""
    parts = {name: getattr(series, name)[: bar + 1] for name in ("event_at", "known_at", "log_return", "features")}
    return replace(series, **parts)


def poisoned(series: Series, bar: int) -> Series:
    """Make nonsense of returns and features after a bar."""
    returns, features = series.log_return.copy(), series.features.copy()
    returns[bar + 1 :] = 0.9 - 7.0 * returns[bar + 1 :]
    features[bar + 1 :] = 50.0 - 3.0 * features[bar + 1 :]
    return replace(series, log_return=returns, features=features)


def shuffled(series: Series, bar: int) -> Series:
    """Turn the order of returns and features after a bar around."""
    returns, features = series.log_return.copy(), series.features.copy()
    returns[bar + 1 :], features[bar + 1 :] = returns[:bar:-1].copy(), features[:bar:-1].copy()
    return replace(series, log_return=returns, features=features)


def series_probes(series: Series, bars: tuple[int, ...] = (ANCHOR,)) -> list[Probe[Series]]:
    """Cut off, poison and turn around what comes after each of some bars."""
    ways: tuple[tuple[str, Callable[[Series, int], Series]], ...] = (
        ("cutting off", cut), ("poisoning", poisoned), ("shuffling", shuffled),
    )  # fmt: skip
    return [
        Probe(f"{name} what comes after bar {bar}", change(series, bar), bar) for bar in bars for name, change in ways
    ]


def task_of(family: str, variant: str, series: Series, horizon: str) -> FitTask:
    """Train on the bars up to the anchor."""
    key = GridKey(series.instrument, horizon)
    seed = derive_seed(0, family, variant, str(key))
    return FitTask(f"{family}-{variant}", key, Horizon.parse(horizon), variant, series, 101, ANCHOR + 1, seed)


def matrix_subject(feature_names: tuple[str, ...], horizon: str) -> Subject[Series]:
    """Check the rows of a training matrix: which there are, features, targets."""

    def compute(series: Series) -> "pl.DataFrame":
        import polars as pl

        rows = _training(series, feature_names, horizon)
        columns = {name: rows.x[:, place] for place, name in enumerate(rows.names)}
        return pl.DataFrame({"row": rows.bars.astype(str), **columns, "target": rows.y}).with_columns(
            instrument=pl.lit(series.instrument), at=pl.lit(ANCHOR)
        )

    return Subject(f"training matrix {horizon}", compute)


def scaler_subject(feature_names: tuple[str, ...], horizon: str) -> Subject[Series]:
    """Check what features and targets are centred and scaled by."""

    def compute(series: Series) -> "pl.DataFrame":
        import polars as pl

        rows = _training(series, feature_names, horizon)
        return pl.DataFrame(
            {
                "row": [*rows.names, "target"],
                "center": [*rows.center.tolist(), rows.target_mean],
                "scale": [*rows.scale.tolist(), rows.target_scale],
            }
        ).with_columns(instrument=pl.lit(series.instrument), at=pl.lit(ANCHOR))

    return Subject(f"scaler {horizon}", compute)


def _training(series: Series, feature_names: tuple[str, ...], horizon: str) -> TrainingRows:
    found = training_rows(task_of("training", "matrix", series, horizon), feature_names)
    if isinstance(found, FitFailure):
        raise DataError(f"a training matrix was expected, found: {found.reason}.")
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Forecasts of some members and the returns that came true: the world of ensemble weights.

    Parameters
    ----------
    members : Members
    realised : float64 array, shape (n_bars,)
        Return of the horizon after each bar; NaN while it is not over.
    n_bars : int
        Bars of the horizon.
    """

    members: Members
    realised: FloatArray
    n_bars: int


def make_track(n_bars: int, seed: int = 0) -> Track:
    """Draw members of different skill at every bar."""
    rng = np.random.default_rng([seed, 4])
    names = ("ewma/riskmetrics", "garch/garch-normal", "garch/garch-t", "har_rv/har-range")
    truth = 0.01 * np.exp(np.cumsum(rng.standard_normal(_WEIGHED) * 0.05))
    skill = np.array([0.4, 0.2, 0.15, 0.3])
    volatility = truth[:, None] * np.exp(skill * rng.standard_normal((_WEIGHED, len(names))))
    mean = 0.1 * volatility * rng.standard_normal(volatility.shape)
    aic = np.where(np.array([False, True, True, False]), rng.normal(0.0, 2.0, volatility.shape), np.nan)
    origins: IntArray = np.arange(_WEIGHED, dtype=np.int64)
    members = Members(names, origins, mean, volatility, aic, np.zeros(volatility.shape, dtype=np.int64))
    realised = truth * rng.standard_normal(_WEIGHED) * np.sqrt(n_bars)
    realised[_WEIGHED - n_bars :] = np.nan
    return Track(members, realised, n_bars)


def track_probes(track: Track, bars: tuple[int, ...] = (180, 400)) -> list[Probe[Track]]:
    """Take away, or make nonsense of, what an origin could not know: later forecasts, and horizons not over."""
    found: list[Probe[Track]] = []
    for bar in bars:
        later: IntArray = np.flatnonzero(track.members.origins > bar)
        over = np.arange(track.realised.size) + track.n_bars <= bar
        found += [
            Probe(f"cutting off what comes after bar {bar}", _cut_track(track, bar, over), bar),
            Probe(f"poisoning what comes after bar {bar}", _poisoned_track(track, later, over), bar),
        ]
    return found


def _cut_track(track: Track, bar: int, over: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> Track:
    kept = track.members.origins <= bar
    parts = {name: getattr(track.members, name)[kept] for name in ("origins", "mean", "volatility", "aic", "inputs")}
    return replace(track, members=replace(track.members, **parts), realised=np.where(over, track.realised, np.nan))


def _poisoned_track(track: Track, later: IntArray, over: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> Track:
    volatility, mean, aic = (getattr(track.members, name).copy() for name in ("volatility", "mean", "aic"))
    volatility[later] *= np.array([9.0, 0.1, 3.0, 0.5])
    mean[later] -= 0.2
    aic[later] *= -3.0
    members = replace(track.members, volatility=volatility, mean=mean, aic=aic)
    return replace(track, members=members, realised=np.where(over, track.realised, 0.5 - 9.0 * track.realised))


def weights_subject(spec: EnsembleSpec) -> Subject[Track]:
    """Check the weights of every combination, and what they make of the members."""

    def compute(track: Track) -> "pl.DataFrame":
        import polars as pl

        found = combine_members(spec, track.members, track.realised, track.n_bars)
        origins = track.members.origins
        columns: Mapping[str, FloatArray] = {
            f"{way}.{member}": found.weights[row, :, column]
            for row, way in enumerate(("equal", "inverse_loss", "adaptive", "stacking"))
            for column, member in enumerate(track.members.names)
        }
        moments = {f"mean_{row}": found.mean[:, row] for row in range(4)}
        moments |= {f"volatility_{row}": found.volatility[:, row] for row in range(4)}
        frame = pl.DataFrame({"at": origins, "row": origins.astype(str), **columns, **moments})
        return frame.with_columns(instrument=pl.lit("AAA"))

    return Subject(f"{spec.name} weights", compute)


def family_subject(family: ModelFamily, variant: str, horizon: str) -> Subject[Series]:
    """Check a family: parameters at the anchor, forecasts at the anchor and at later origins."""

    def compute(series: Series) -> "pl.DataFrame":
        import polars as pl

        (fitted,) = family.fit_many([task_of(family.name, variant, series, horizon)])
        if not isinstance(fitted, Fitted):
            raise DataError(f"{family.name}/{variant} must fit the checked series, found: {fitted.reason}.")
        known = np.array([bar for bar in _ORIGINS if bar < len(series)], dtype=np.int64)
        asked = OriginSet(series, known)
        usable = known[family.usable_origins(fitted, asked)]
        (forecast,) = family.forecast_many([fitted], [OriginSet(series, usable)])
        if isinstance(forecast, FitFailure):
            raise DataError(f"{family.name}/{variant} must forecast the checked series, found: {forecast.reason}.")
        state = {name: content.hex() for name, content in family.to_state(fitted).items()}
        rows = [
            {"at": int(bar), "row": f"forecast at {bar}", "state": None, "mean": forecast.mean[i],
             "volatility": forecast.volatility[i], "quantiles": forecast.quantiles[i].tolist(),
             "tail_means": forecast.tail_means[i].tolist()}
            for i, bar in enumerate(usable)
        ]  # fmt: skip
        rows += [{"at": ANCHOR, "row": f"state {name}", "state": text} for name, text in state.items()]
        return pl.DataFrame(rows, infer_schema_length=None).with_columns(instrument=pl.lit(series.instrument))

    return Subject(f"{family.name}/{variant} {horizon}", compute)


def family_probes(series: Series) -> list[Probe[Series]]:
    """Probe at the anchor, and at a later origin that only filters."""
    return series_probes(series, (ANCHOR, ANCHOR + 5))
