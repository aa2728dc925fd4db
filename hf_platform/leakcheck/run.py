"""All that is checked: every feature, training matrix, scaler and weight, and on demand every family."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hf_platform.ensembles import return_ensemble, volatility_ensemble
from hf_platform.leakcheck.check import Leak, Probe, Subject, W, find_leaks
from hf_platform.leakcheck.dbt_subject import feature_lake, feature_subject
from hf_platform.leakcheck.market_world import make_world, probes
from hf_platform.leakcheck.series_world import (
    family_probes,
    family_subject,
    make_series,
    make_track,
    matrix_subject,
    scaler_subject,
    series_probes,
    track_probes,
    weights_subject,
)
from hf_platform.models.base import ModelFamily
from hf_platform.models.extras import missing_extra
from hf_platform.models.registry import FAMILIES, get_family
from hf_platform.models.supervised import PRICE_FEATURES
from hf_platform.settings import Settings

_HORIZONS: Final = ("1d", "5d", "20d")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one subject.

    Parameters
    ----------
    subject : str
    n_columns, n_probes : int
        Values that were watched, and worlds that were tried.
    leaks : tuple of Leak
    seconds : float
    """

    subject: str
    n_columns: int
    n_probes: int
    leaks: tuple[Leak, ...]
    seconds: float


def check_features(settings: Settings, names: Sequence[str] | None = None) -> Verdict:
    """Build the dbt features in probing worlds; all of them, or some.

    Raises
    ------
    UnknownNameError
        If a feature does not exist.
    """
    world = make_world()
    with feature_lake(settings) as lake:
        subject = feature_subject(lake, names)
        return _check(subject, world, probes(world))


def check_learning() -> list[Verdict]:
    """Check training matrices, scalers and ensemble weights."""
    series = make_series(PRICE_FEATURES)
    verdicts = [
        _check(make(PRICE_FEATURES, horizon), series, series_probes(series))
        for make in (matrix_subject, scaler_subject)
        for horizon in _HORIZONS
    ]
    for spec in (volatility_ensemble.SPEC, return_ensemble.SPEC):
        for n_bars in (1, 5):
            track = make_track(n_bars)
            verdicts.append(_check(weights_subject(spec), track, track_probes(track)))
    return verdicts


def check_family(family: ModelFamily, horizon: str = "5d") -> list[Verdict]:
    """Fit and forecast each variant of a family in probing worlds."""
    series = make_series(family.feature_names)
    return [
        _check(family_subject(family, variant, horizon), series, family_probes(series)) for variant in family.variants
    ]


def check_families(names: Sequence[str]) -> Iterator[Verdict]:
    """Check the named families one after the other; `all` names every one whose libraries are installed.

    Raises
    ------
    UnknownFamilyError
        If there is no such family.
    """
    asked = [family for family in FAMILIES if missing_extra(family) is None] if "all" in names else []
    for family in asked or [get_family(name) for name in names]:
        yield from check_family(family)


def _check(subject: Subject[W], world: W, tried: Sequence[Probe[W]]) -> Verdict:
    began = time.perf_counter()
    found = find_leaks(subject, world, tried)
    return Verdict(subject.name, found.n_columns, len(tried), found.leaks, time.perf_counter() - began)
