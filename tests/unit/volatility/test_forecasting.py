"""Forecasts and filters against arch, simulation and their own laws."""

import numpy as np
import pytest
from arch import arch_model
from numpy.testing import assert_allclose, assert_array_equal

from hf_platform.errors import ConfigError, DataError
from hf_platform.volatility import distributions, garch
from hf_platform.volatility.garch import GarchSpec

RETURNS = np.random.default_rng(11).standard_t(6, size=700) * (1 + 0.5 * np.sin(np.arange(700) / 40))
PARAMS = {
    "garch": [0.02, 0.05, 0.08, 0.88],
    "gjr": [0.02, 0.05, 0.03, 0.08, 0.88],
    "tarch": [0.02, 0.05, 0.04, 0.06, 0.88],
    "egarch": [0.02, 0.01, 0.12, -0.08, 0.95],
}


def twin(spec, dist="normal"):
    return arch_model(
        RETURNS, p=spec.p, o=spec.n_asymmetric, q=spec.q, power=1.0 if spec.process == "tarch" else 2.0,
        vol="EGARCH" if spec.process == "egarch" else "GARCH", dist=dist, rescale=False,
    )  # fmt: skip


@pytest.mark.parametrize("process", list(PARAMS))
def test_conditional_variance_equals_arch(process):
    spec = GarchSpec(process=process)
    params = np.array(PARAMS[process])
    ours = garch.conditional_variance(RETURNS, params, spec)
    fixed = twin(spec).fix(params)
    assert_allclose(ours[:-1], fixed.conditional_volatility**2, rtol=1e-12)
    assert_allclose(ours[-1], fixed.forecast(horizon=1).variance.to_numpy()[-1, 0], rtol=1e-12)
    z = garch.standardised_innovations(RETURNS, params, spec)
    assert_allclose(z, fixed.std_resid, rtol=1e-12)


@pytest.mark.parametrize("process", ["garch", "gjr"])
@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 2), (2, 0)])
def test_variance_models_forecast_like_arch(process, p, q):
    spec = GarchSpec(process=process, p=p, q=q)
    gamma = [0.05] if process == "gjr" else []
    params = np.array([0.02, 0.05, *([0.1 / p] * p), *gamma, *([0.8 / max(q, 1)] * q)])
    fixed = twin(spec).fix(params)
    theirs = fixed.forecast(horizon=12, start=300, reindex=False).variance.to_numpy()
    ours = garch.rolling_variance_forecast(RETURNS, params, spec, np.arange(300, 700), 12)
    assert_allclose(ours, theirs, rtol=1e-11)


@pytest.mark.parametrize(("process", "distribution", "shape"), [
    ("tarch", "normal", []), ("tarch", "skewt", [7.0, -0.2]), ("gjr", "skewt", [6.0, -0.3]),
    ("egarch", "normal", []), ("egarch", "ged", [1.4]),
])  # fmt: skip
def test_longer_forecasts_equal_brute_force_simulation(process, distribution, shape):
    spec = GarchSpec(process=process, distribution=distribution)
    params = np.array([*PARAMS[process], *shape])
    ours = garch.rolling_variance_forecast(RETURNS, params, spec, np.array([699]), 6)[0]
    z = distributions.quantile(np.random.default_rng(0).random((6, 400_000)), distribution, shape)
    omega, alpha, gamma, beta = params[1:5]
    state = garch.conditional_variance(RETURNS, params, spec)[-1]
    state = np.full(400_000, {"tarch": np.sqrt(state), "egarch": np.log(state)}.get(process, state))
    expected = []
    for step in range(6):
        variance = {"tarch": state**2, "egarch": np.exp(state)}.get(process, state)
        expected.append(variance.mean())
        shock = np.sqrt(variance) * z[step]
        if process == "egarch":
            state = omega + alpha * (np.abs(z[step]) - np.sqrt(2 / np.pi)) + gamma * z[step] + beta * state
        else:
            size = np.abs(shock) if process == "tarch" else shock**2
            state = omega + (alpha + gamma * (shock < 0)) * size + beta * state
    assert_allclose(ours, expected, rtol=0.01)


@pytest.mark.parametrize("process", list(PARAMS))
def test_appending_data_changes_no_earlier_forecast(process):
    spec, params = GarchSpec(process=process), np.array(PARAMS[process])
    origins = np.arange(399, 500)
    short = garch.rolling_variance_forecast(RETURNS[:500], params, spec, origins, 5, n_train=400)
    long = garch.rolling_variance_forecast(RETURNS, params, spec, origins, 5, n_train=400)
    assert_array_equal(short, long)


def test_forecasts_of_fits_are_those_of_each_series():
    panel = np.column_stack([RETURNS, np.concatenate([np.full(100, np.nan), RETURNS[100:]])])
    spec = GarchSpec(process="tarch")
    fits = garch.fit_many(panel, spec)
    table = fits.forecast_variance(horizon=4)
    for i, start in enumerate((0, 100)):
        series = panel[start:, i]
        expected = garch.rolling_variance_forecast(series, fits.params[i], spec, np.array([len(series) - 1]), 4)[0]
        assert_array_equal(table[i], expected)


def test_egarch_forecasts_follow_the_seed():
    spec, params = GarchSpec(process="egarch"), np.array(PARAMS["egarch"])
    forecast = [garch.rolling_variance_forecast(RETURNS, params, spec, np.array([699]), 3, seed=s) for s in (0, 0, 1)]
    assert_array_equal(forecast[0], forecast[1])
    assert forecast[0][0, 0] == forecast[2][0, 0]
    assert forecast[0][0, 1] != forecast[2][0, 1]


def test_garch_forecast_tends_to_the_long_run_variance_monotonically():
    path = garch.rolling_variance_forecast(RETURNS, np.array(PARAMS["garch"]), GarchSpec(), np.array([350]), 2000)[0]
    assert_allclose(path[-1], 0.05 / (1 - 0.96), rtol=1e-6)
    assert len(set(np.sign(np.diff(path))[:200])) == 1


def test_bad_arguments_are_refused():
    spec, params = GarchSpec(), np.array(PARAMS["garch"])
    with pytest.raises(DataError, match="origins"):
        garch.rolling_variance_forecast(RETURNS, params, spec, np.array([700]), 1)
    with pytest.raises(DataError, match="finite"):
        garch.conditional_variance(np.array([1.0, np.nan]), params, spec)
    with pytest.raises(ConfigError, match="horizon"):
        garch.rolling_variance_forecast(RETURNS, params, spec, np.array([0]), 0)
    with pytest.raises(ConfigError, match="parameters"):
        garch.standardised_innovations(RETURNS, params[:3], spec)


@pytest.mark.parametrize("process", list(PARAMS))
def test_sample_presample_equals_arch_started_at_the_mean_square(process):
    spec = GarchSpec(process=process)
    fits = garch.fit_many(RETURNS[:, None], spec, presample="sample")
    mean_square = float(np.mean((RETURNS - fits.params[0, 0]) ** 2))
    model = twin(spec)
    resids = RETURNS - fits.params[0, 0]
    backcast = model.volatility.backcast_transform(mean_square)
    variance, bounds = np.empty(700), np.tile([1e-12, 1e12], (700, 1))
    model.volatility.compute_variance(fits.params[0, 1:], resids, variance, backcast, bounds)
    expected = -0.5 * np.sum(np.log(2 * np.pi * variance) + resids**2 / variance)
    assert_allclose(fits.log_likelihood[0], expected, rtol=1e-10)
    ours = garch.conditional_variance(RETURNS, fits.params[0], spec, presample="sample")
    assert_allclose(ours[:-1], variance, rtol=1e-10)
