"""Laws of the volatility engine that hold for any series."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from hf_platform.volatility import comparison, distributions, ewma, garch
from hf_platform.volatility.garch import FitStatus, GarchSpec

shapes = st.one_of(
    st.tuples(st.just("normal"), st.just(())),
    st.tuples(st.just("t"), st.tuples(st.floats(2.1, 200))),
    st.tuples(st.just("skewt"), st.tuples(st.floats(2.1, 200), st.floats(-0.9, 0.9))),
    st.tuples(st.just("ged"), st.tuples(st.floats(1.01, 20))),
)


@given(shapes)
def test_quantiles_rise_and_tails_lie_beyond_them(case):
    name, shape = case
    p = np.array([0.001, 0.01, 0.05, 0.25, 0.49, 0.51, 0.75, 0.95, 0.99, 0.999])
    q, tail = distributions.quantile(p, name, shape), distributions.tail_mean(p, name, shape)
    assert (np.diff(q) >= 0).all()
    assert (tail[p <= 0.5] <= q[p <= 0.5] + 1e-9).all()
    assert (tail[p > 0.5] >= q[p > 0.5] - 1e-9).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(60, 300), st.floats(-12, 12))
def test_fits_are_finite_or_say_why(seed, n_obs, log_scale):
    rng = np.random.default_rng(seed)
    panel = rng.standard_t(3, size=(n_obs, 4)) * 10.0**log_scale
    panel[: n_obs // 3, 1] = np.nan
    panel[n_obs // 2, 2] = rng.choice([np.nan, np.inf, 0.0])
    fits = garch.fit_many(panel, GarchSpec())
    good = fits.status == FitStatus.OK
    assert np.isfinite(fits.params[good]).all()
    assert np.isfinite(fits.log_likelihood[good]).all()
    assert np.isnan(fits.params[~good]).all()
    assert (fits.params[good][:, 1:] >= 0).all()
    assert (fits.params[good][:, 2:].sum(axis=1) <= 1 + 1e-12).all()
    assert_array_equal(garch.fit_many(panel[:, :1], GarchSpec()).params[0], fits.params[0])


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8))
def test_akaike_weights_sum_to_one_and_fall_with_the_criterion(aic):
    weights = comparison.akaike_weights(aic)
    assert abs(weights.sum() - 1) < 1e-9
    order = np.argsort(aic)
    assert (np.diff(weights[order]) <= 1e-12).all()


@given(st.integers(0, 1000), st.floats(0.5, 0.99))
def test_ewma_variance_of_a_prefix_never_changes(seed, decay):
    returns = np.random.default_rng(seed).standard_normal(40)
    whole = ewma.ewma_variance(returns, decay, 1.0)
    assert_array_equal(ewma.ewma_variance(returns[:25], decay, 1.0), whole[:26])
