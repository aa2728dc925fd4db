"""The batched fitter: agreement with arch, bad input, and laws of a batch."""

from itertools import product

import numpy as np
import pytest
from arch import arch_model
from numpy.testing import assert_allclose, assert_array_equal

from hf_platform.errors import ConfigError
from hf_platform.volatility import garch
from hf_platform.volatility.garch import FitStatus, GarchSpec

PROCESSES = ("garch", "gjr", "tarch", "egarch")
DISTRIBUTIONS = ("normal", "t", "skewt", "ged")


def simulate(n_obs, seed, alpha=0.08, beta=0.9, leverage=0.0):
    rng = np.random.default_rng(seed)
    h, out = 1.0, np.empty(n_obs)
    for t in range(n_obs):
        out[t] = np.sqrt(h) * rng.standard_t(8) * np.sqrt(6 / 8)
        h = 0.02 + (alpha + leverage * (out[t] < 0)) * out[t] ** 2 + beta * h
    return out + 0.03


@pytest.fixture(scope="module")
def panel():
    return np.column_stack([simulate(800, seed, leverage=0.04) for seed in range(11)])


def arch_twin(series, spec):
    return arch_model(
        series, p=spec.p, o=spec.n_asymmetric, q=spec.q, power=1.0 if spec.process == "tarch" else 2.0,
        mean="Constant" if spec.mean == "constant" else "Zero",
        vol="EGARCH" if spec.process == "egarch" else "GARCH", dist=spec.distribution, rescale=False,
    )  # fmt: skip


@pytest.mark.parametrize(("process", "distribution"), list(product(PROCESSES, DISTRIBUTIONS)))
def test_log_likelihood_equals_arch_at_our_parameters(process, distribution, panel):
    spec = GarchSpec(process=process, distribution=distribution)
    fits = garch.fit_many(panel[:, :3], spec)
    for i in range(3):
        fixed = arch_twin(panel[:, i], spec).fix(fits.params[i])
        assert fits.status[i] == FitStatus.OK
        assert_allclose(fits.log_likelihood[i], fixed.loglikelihood, rtol=1e-10)
        assert tuple(fixed.params.index) == fits.param_names


@pytest.mark.parametrize("process", PROCESSES)
def test_fit_is_as_good_as_arch(process, panel):
    spec = GarchSpec(process=process)
    fits = garch.fit_many(panel[:, :4], spec)
    for i in range(4):
        assert fits.log_likelihood[i] >= arch_twin(panel[:, i], spec).fit(disp="off").loglikelihood - 1e-4


def test_zero_mean_matches_arch_and_has_no_mu(panel):
    spec = GarchSpec(mean="zero", distribution="t")
    fits = garch.fit_many(panel[:, :2], spec)
    assert fits.param_names == ("omega", "alpha[1]", "beta[1]", "nu")
    assert_allclose(fits.log_likelihood[0], arch_twin(panel[:, 0], spec).fix(fits.params[0]).loglikelihood, rtol=1e-10)


def test_criteria_follow_from_the_likelihood(panel):
    fits = garch.fit_many(panel, GarchSpec())
    assert_allclose(fits.aic, 8 - 2 * fits.log_likelihood)
    assert_allclose(fits.bic, 4 * np.log(800) - 2 * fits.log_likelihood)


def test_bad_series_get_a_status_and_leave_the_others_bit_identical(panel):
    bad = np.column_stack([panel, *([panel[:, 0]] * 6)])
    bad[100, 11] = np.nan
    bad[:, 12] = np.nan
    bad[:, 13] = 7.5
    bad[:-10, 14] = np.nan
    bad[5, 15] = np.inf
    bad[::2, 16] = 0.0
    alone, mixed = garch.fit_many(panel, GarchSpec()), garch.fit_many(bad, GarchSpec())
    assert_array_equal(mixed.params[:11], alone.params)
    assert_array_equal(mixed.log_likelihood[:11], alone.log_likelihood)
    assert list(mixed.status[11:16]) == [
        FitStatus.NON_FINITE, FitStatus.TOO_SHORT, FitStatus.CONSTANT_SERIES, FitStatus.TOO_SHORT, FitStatus.NON_FINITE,
    ]  # fmt: skip
    failed = mixed.status != FitStatus.OK
    assert np.isnan(mixed.params[failed]).all()
    assert np.isnan(mixed.log_likelihood[failed]).all()
    assert np.isnan(mixed.robust_std_errors[failed]).all()
    assert np.isnan(mixed.forecast_variance(2)[failed]).all()


def test_outlier_and_extreme_scales_are_fitted(panel):
    wild = panel[:, :3].copy()
    wild[400, 0] = 60 * wild[:, 0].std()
    wild[:, 1] *= 1e-8
    wild[:, 2] *= 1e8
    fits = garch.fit_many(wild, GarchSpec())
    assert (fits.status == FitStatus.OK).all()
    assert np.isfinite(fits.params).all()


def test_heavy_tails_on_a_pile_of_zeros_are_called_unbounded(panel):
    half = np.where(np.random.default_rng(1).random(800) < 0.5, 0.0, panel[:, 0])
    fits = garch.fit_many(half[:, None], GarchSpec(distribution="t"))
    assert fits.status[0] == FitStatus.UNBOUNDED_LIKELIHOOD
    assert np.isnan(fits.params).all()


def test_integers_and_strided_arrays_are_accepted(panel):
    whole = np.round(panel * 100).astype(np.int64)
    assert_array_equal(
        garch.fit_many(whole, GarchSpec()).params, garch.fit_many(whole.astype(np.float64), GarchSpec()).params
    )
    doubled = np.repeat(np.repeat(panel, 2, axis=0), 2, axis=1)
    assert_array_equal(garch.fit_many(doubled[::2, ::2], GarchSpec()).params, garch.fit_many(panel, GarchSpec()).params)


def test_batch_order_threads_and_padding_change_no_bit(panel):
    spec = GarchSpec(process="gjr", distribution="t")
    fits = garch.fit_many(panel, spec)
    order = np.random.default_rng(3).permutation(11)
    assert_array_equal(garch.fit_many(panel[:, order], spec).params, fits.params[order])
    assert_array_equal(garch.fit_many(panel[:, 4:5], spec).params[0], fits.params[4])
    padded = np.vstack([np.full((57, 11), np.nan), panel])
    padded[:, 5] = np.concatenate([np.full(357, np.nan), panel[300:, 5]])
    again = garch.fit_many(padded, spec)
    keep = np.arange(11) != 5
    assert_array_equal(again.params[keep], fits.params[keep])
    assert_array_equal(again.params[5], garch.fit_many(panel[300:, 5:6], spec).params[0])
    assert again.n_obs[5] == 500
    wide = np.tile(panel, (1, 200))
    assert_array_equal(garch.fit_many(wide, GarchSpec(), threads=2).params, garch.fit_many(wide, GarchSpec()).params)


def test_input_is_not_changed(panel):
    before = panel.copy()
    garch.fit_many(panel, GarchSpec())
    assert_array_equal(panel, before)


@pytest.mark.parametrize("process", PROCESSES)
def test_fit_is_scale_equivariant(process, panel):
    spec = GarchSpec(process=process)
    small, large = garch.fit_many(panel, spec), garch.fit_many(64.0 * panel, spec)
    assert_allclose(large.log_likelihood, small.log_likelihood - 800 * np.log(64.0), rtol=1e-12)
    assert_allclose(large.params[:, 0], 64.0 * small.params[:, 0], rtol=1e-9)
    assert_allclose(large.params[:, 2:], small.params[:, 2:], rtol=1e-9, atol=1e-12)
    assert_allclose(large.forecast_variance(3), 64.0**2 * small.forecast_variance(3), rtol=1e-9)


def test_larger_models_never_fit_worse(panel):
    def best(**kwargs):
        return garch.fit_many(panel, GarchSpec(**kwargs), starts=6).log_likelihood

    assert (best(process="gjr") >= best() - 1e-6).all()
    assert (best(p=2) >= best() - 1e-6).all()
    assert (best(distribution="skewt") >= best(distribution="t") - 1e-6).all()


def test_a_second_lag_never_costs_likelihood(panel):
    def best(p, q):
        return garch.fit_many(panel, GarchSpec(p=p, q=q)).log_likelihood

    two = best(2, 2)
    for p, q in ((1, 1), (2, 1), (1, 2)):
        assert (two >= best(p, q) - 1e-6).all()


@pytest.mark.parametrize("process", ["garch", "gjr", "tarch"])
def test_a_climb_of_the_variance_is_found(process):
    # The maximum has no shocks and unit persistence, far from every ordinary start.
    rng = np.random.default_rng(11)
    sigma = np.sqrt(0.05 + 0.004 * np.arange(1000))[:, None]
    returns = sigma * rng.standard_normal((1000, 4))
    spec = GarchSpec(process=process)
    fits = garch.fit_many(returns, spec)
    for i in range(4):
        twin = arch_twin(returns[:, i], spec)
        climbs = [0.0] * spec.n_asymmetric
        slopes = np.geomspace(5e-4, 2e-2, 40)
        ridge = max(twin.fix([fits.params[i, 0], slope, 0.0, *climbs, 1.0]).loglikelihood for slope in slopes)
        assert fits.log_likelihood[i] >= ridge - 1e-4


@pytest.mark.parametrize("process", ["tarch", "egarch"])
def test_no_better_mean_lies_beside_the_optimum(process, panel):
    # The likelihood has a kink in the mean at every return; a search must not stop at the first one that blocks it.
    spec = GarchSpec(process=process)
    fits = garch.fit_many(panel[:, :6], spec)
    for i in range(6):
        twin = arch_twin(panel[:, i], spec)
        for move in np.linspace(-1.0, 1.0, 21) * 0.03 * panel[:, i].std():
            moved = fits.params[i] + np.eye(spec.n_params)[0] * move
            assert twin.fix(moved).loglikelihood <= fits.log_likelihood[i] + 1e-3


def test_boundary_is_reported():
    noise = np.random.default_rng(5).standard_normal((600, 8))
    fits = garch.fit_many(noise, GarchSpec())
    on_zero = (fits.params[:, 2] == 0.0) | (fits.params[:, 3] == 0.0) | (fits.params[:, 2:].sum(axis=1) >= 1.0)
    assert fits.at_boundary.any()
    assert_array_equal(fits.at_boundary, on_zero)


def test_warm_start_finds_the_same_optimum(panel):
    cold = garch.fit_many(panel, GarchSpec())
    warm = garch.fit_many(panel, GarchSpec(), warm=cold.coordinates, starts=1)
    assert_allclose(warm.log_likelihood, cold.log_likelihood, atol=1e-7)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"process": "figarch"}, {"distribution": "cauchy"}, {"mean": "ar"}, {"o": 1}, {"process": "gjr", "o": 0},
        {"p": 0}, {"p": 3}, {"q": 3}, {"q": -1},
    ],
)  # fmt: skip
def test_unknown_specification_is_refused(kwargs):
    with pytest.raises(ConfigError, match="found"):
        GarchSpec(**kwargs)


@pytest.mark.parametrize("bad", [np.zeros(10), np.zeros((2, 2, 2)), np.array([["a", "b"]])])
def test_wrong_shapes_are_refused(bad):
    with pytest.raises(ConfigError, match="found"):
        garch.fit_many(bad, GarchSpec())


@pytest.mark.parametrize("kwargs", [{"presample": "guess"}, {"starts": 0}, {"starts": 7}, {"threads": 0}])
def test_wrong_options_are_refused(kwargs):
    with pytest.raises(ConfigError, match="found"):
        garch.fit_many(np.zeros((50, 1)), GarchSpec(), **kwargs)


def test_empty_panel_gives_empty_arrays():
    fits = garch.fit_many(np.empty((100, 0)), GarchSpec())
    assert fits.params.shape == (0, 4)
    assert fits.robust_std_errors.shape == (0, 4)
