"""What every registered family promises; a new family is tested by being listed."""

import json
import pkgutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hf_platform.errors import DataError, UnknownFamilyError
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.plan import walk_forward
from hf_platform.horizons import Horizon
from hf_platform.models import FAMILIES, families, get_family
from hf_platform.models.base import (
    FitFailure,
    FitTask,
    Fitted,
    ModelFamily,
    OriginSet,
    Resources,
    Schedule,
    Series,
    Status,
)
from hf_platform.types import PROBABILITIES, ForecastDistribution, GridKey

Maker = Callable[..., Series]
ANCHOR = 1_100
EXPLODING = 4  # fifth of the poisons below


def light(family: ModelFamily) -> ModelFamily:
    """A net trained for a few steps instead of hundreds keeps every promise that is tested here."""
    training = getattr(family, "training", None)
    if training is None:
        return family
    return replace(family, training=replace(training, steps=4, batch=32, check_every=2, keep_best=False))


TESTED = tuple(light(family) for family in FAMILIES)
CASES = [
    pytest.param(family, variant, id=f"{family.name}-{variant}") for family in TESTED for variant in family.variants
]
EACH_FAMILY = pytest.mark.parametrize("family", TESTED, ids=lambda family: family.name)
EACH_VARIANT = pytest.mark.parametrize(("family", "variant"), CASES)


@pytest.fixture(autouse=True)
def timesfm_weights(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tiny model with random weights, where a test asks for TimesFM."""
    if "timesfm" not in request.node.name:
        return
    folder = tmp_path_factory.getbasetemp() / "timesfm"
    if not folder.exists():
        from hf_platform.models.neural.timesfm_folder import make_random_folder

        make_random_folder(folder)
    monkeypatch.setenv("HFP_TIMESFM_FOLDER", str(folder))


def task_of(family: ModelFamily, variant: str, series: Series, horizon: str = "5d", **changes: object) -> FitTask:
    key = GridKey(series.instrument, horizon)
    name = f"{family.name}-{variant}-{key}-{changes}"
    task = FitTask(name, key, Horizon.parse(horizon), variant, series, 101, ANCHOR + 1, 7)
    return replace(task, **changes)


def fit(family: ModelFamily, task: FitTask) -> Fitted:
    (fitted,) = family.fit_many([task])
    assert isinstance(fitted, Fitted), fitted
    assert fitted.status is Status.OK, fitted.reason
    return fitted


def forecast(family: ModelFamily, fitted: Fitted, series: Series, indices: list[int]) -> ForecastDistribution:
    (found,) = family.forecast_many([fitted], [OriginSet(series, np.array(indices))])
    assert isinstance(found, ForecastDistribution), found
    return found


def same(a: ForecastDistribution, b: ForecastDistribution) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)
        for name in ("mean", "volatility", "quantiles", "tail_means")
    )


def changed(series: Series, after: int) -> Series:
    """The same series with other returns and features after a bar."""
    returns, features = series.log_return.copy(), series.features.copy()
    returns[after + 1 :] *= -3.0
    features[after + 1 :] += 5.0
    return replace(series, log_return=returns, features=features)


ORIGINS = [ANCHOR, ANCHOR + 5, ANCHOR + 100]


@EACH_FAMILY
def test_describes_itself(family: ModelFamily) -> None:
    assert light(get_family(family.name)) == family
    assert family.kind in ("volatility", "return")
    assert any(str(year) in family.description for year in range(1950, 2030)), "a source is cited"
    assert isinstance(family.resources, Resources)
    assert isinstance(family.schedule, Schedule)
    for frequency in ("1d", "1w", "1mo", "1min"):
        horizon = Horizon.parse(frequency)
        assert walk_forward(family.schedule, horizon, 5_000)
    for variant in family.variants:
        assert json.loads(json.dumps(family.spec(variant))) == family.spec(variant)
    json.dumps(family.search_space)


def test_every_file_of_the_folder_is_registered() -> None:
    files = {module.name for module in pkgutil.iter_modules(families.__path__)}
    assert files == {family.name for family in FAMILIES}


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(UnknownFamilyError, match="garhc"):
        get_family("garhc")


@EACH_VARIANT
def test_fits_and_forecasts_a_distribution(family: ModelFamily, variant: str, make_series: Maker) -> None:
    series = make_series(feature_names=family.feature_names)
    fitted = fit(family, task_of(family, variant, series))
    found = forecast(family, fitted, series, ORIGINS)
    below = np.array(PROBABILITIES) <= 0.5
    assert fitted.n_obs > 0
    assert json.dumps(fitted.params)
    beyond = found.tail_means - found.quantiles  # NaN where a family cannot say
    assert not (beyond[:, below] > 0).any()
    assert not (beyond[:, ~below] < 0).any()
    assert family.name == "timesfm" or np.isfinite(beyond).all()
    five_days = series.log_return[1:].std() * np.sqrt(5)
    assert (found.volatility > 0.2 * five_days).all()
    assert (found.volatility < 5 * five_days).all()


@EACH_VARIANT
def test_same_seed_same_bytes_and_inputs_untouched(family: ModelFamily, variant: str, make_series: Maker) -> None:
    series = make_series(feature_names=family.feature_names)
    for array in (series.log_return, series.features, series.event_at, series.known_at):
        array.setflags(write=False)  # a write would raise
    task = task_of(family, variant, series)
    first, second = fit(family, task), fit(family, task)
    assert first.params == second.params
    assert first.state == second.state
    assert same(forecast(family, first, series, ORIGINS), forecast(family, second, series, ORIGINS))


@EACH_VARIANT
def test_state_survives_json_and_native_files(family: ModelFamily, variant: str, make_series: Maker) -> None:
    series = make_series(feature_names=family.feature_names)
    task = task_of(family, variant, series)
    fitted = fit(family, task)
    state = family.to_state(fitted)
    assert all(not content.startswith(b"\x80") for content in state.values()), "no pickle"
    again = family.from_state(task, {name: bytes(content) for name, content in state.items()})
    assert same(forecast(family, fitted, series, ORIGINS), forecast(family, again, series, ORIGINS))


@EACH_VARIANT
def test_scaling_returns_scales_the_forecast(family: ModelFamily, variant: str, make_series: Maker) -> None:
    series = make_series(feature_names=family.feature_names)
    scaled = replace(series, log_return=series.log_return * 4.0)
    one = forecast(family, fit(family, task_of(family, variant, series)), series, ORIGINS)
    four = forecast(family, fit(family, task_of(family, variant, scaled)), scaled, ORIGINS)
    np.testing.assert_allclose(four.volatility, 4 * one.volatility, rtol=1e-6)
    np.testing.assert_allclose(four.quantiles, 4 * one.quantiles, rtol=1e-5, atol=1e-6)


@EACH_VARIANT
def test_nothing_after_the_anchor_reaches_the_fit(family: ModelFamily, variant: str, make_series: Maker) -> None:
    series = make_series(feature_names=family.feature_names)
    fitted = fit(family, task_of(family, variant, series))
    assert fit(family, task_of(family, variant, changed(series, ANCHOR))).params == fitted.params


@EACH_VARIANT
def test_nothing_after_an_origin_reaches_its_forecast(family: ModelFamily, variant: str, make_series: Maker) -> None:
    series = make_series(feature_names=family.feature_names)
    fitted = fit(family, task_of(family, variant, series))
    whole = forecast(family, fitted, series, ORIGINS)
    early = forecast(family, fitted, changed(series, ORIGINS[1]), ORIGINS)
    np.testing.assert_array_equal(early.quantiles[:2], whole.quantiles[:2])
    alone = forecast(family, fitted, series, [ORIGINS[1]])
    np.testing.assert_array_equal(alone.quantiles[0], whole.quantiles[1])


@EACH_FAMILY
def test_bad_series_come_back_as_values_and_change_nobody(family: ModelFamily, make_series: Maker) -> None:
    names = family.feature_names
    good = [make_series(name, feature_names=names) for name in ("AAA", "BBB")]
    bad = make_series("BAD", feature_names=names)
    poisons = {
        "nan": np.where(np.arange(len(bad)) == 700, np.nan, bad.log_return),
        "inf": np.where(np.arange(len(bad)) == 700, np.inf, bad.log_return),
        "constant": np.zeros(len(bad)),
        "all nan": np.full(len(bad), np.nan),
        "exploding": bad.log_return * np.exp(np.arange(len(bad)) / 20.0),
    }
    tasks = [
        task_of(family, variant, replace(bad, log_return=returns), seed=seed)
        for variant in family.variants
        for seed, returns in enumerate(poisons.values())
    ]
    tasks += [task_of(family, variant, bad, start=ANCHOR - 3) for variant in family.variants]
    clean = [task_of(family, variant, series) for series in good for variant in family.variants]
    mixed = family.fit_many([clean[0], *tasks, *clean[1:]])
    for outcome in mixed[1 : 1 + len(tasks)]:
        # A family without parameters may accept four returns, and an exploding series is finite.
        if isinstance(outcome, Fitted) or outcome.task.seed == EXPLODING:
            assert outcome.task.start == ANCHOR - 3 or outcome.task.seed == EXPLODING
            continue
        assert outcome.status is Status.BAD_DATA
        assert outcome.stage == "data"
        assert outcome.reason
    kept = [mixed[0], *mixed[1 + len(tasks) :]]
    alone = [family.fit_many([task])[0] for task in reversed(clean)][::-1]
    assert [fitted.params for fitted in kept] == [fitted.params for fitted in alone]
    assert [fitted.state for fitted in kept] == [fitted.state for fitted in alone]


@EACH_FAMILY
def test_a_malformed_batch_raises(family: ModelFamily, make_series: Maker) -> None:
    series = make_series(feature_names=family.feature_names)
    variant = family.variants[0]
    for broken in (
        task_of(family, "no-such-variant", series),
        task_of(family, variant, series, stop=101),
        task_of(family, variant, series, stop=len(series) + 1),
    ):
        with pytest.raises(DataError):
            family.fit_many([broken])
    if family.feature_names:
        with pytest.raises(DataError, match=family.feature_names[0]):
            family.fit_many([task_of(family, variant, make_series())])


@EACH_FAMILY
def test_origins_with_a_missing_input_are_marked(family: ModelFamily, make_series: Maker) -> None:
    series = make_series(feature_names=family.feature_names)
    fitted = fit(family, task_of(family, family.variants[0], series))
    returns, features = series.log_return.copy(), series.features.copy()
    returns[ANCHOR + 50] = np.nan
    features[ANCHOR + 50] = np.nan
    holed = replace(series, log_return=returns, features=features)
    indices = np.array([ANCHOR, ANCHOR + 49, ANCHOR + 50])
    assert family.usable_origins(fitted, OriginSet(series, indices)).all()
    assert family.usable_origins(fitted, OriginSet(holed, indices)).tolist() == [True, True, False]


@EACH_FAMILY
def test_threads_change_nothing(family: ModelFamily, make_series: Maker) -> None:
    tasks = [
        task_of(family, variant, make_series(name, feature_names=family.feature_names))
        for name in ("AAA", "BBB", "CCC")
        for variant in family.variants[:2]
    ]
    batches = [tasks[:2], tasks[2:4], tasks[4:]]
    serial = InlineExecutor(1).map(family.fit_many, batches)
    parallel = InlineExecutor(3).map(family.fit_many, batches)
    for one, other in zip(serial, parallel, strict=True):
        assert [not isinstance(fitted, FitFailure) and (fitted.params, fitted.state) for fitted in one] == [
            not isinstance(fitted, FitFailure) and (fitted.params, fitted.state) for fitted in other
        ]
