"""Laws of splits, coverage tests, scores and options, whatever the numbers."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hf_platform.backtest import coverage, scoring
from hf_platform.backtest.walk_forward import WalkForward, non_overlapping
from hf_platform.risk import options

sizes = st.integers(1, 40)
gaps = st.integers(0, 10)
lengths = st.integers(0, 300)
confidences = st.floats(0.5, 0.999)
breaches = arrays(np.bool_, st.integers(1, 300))


@given(window=st.tuples(sizes, sizes), gap=st.tuples(gaps, gaps), anchored=st.booleans(), n=lengths)
def test_training_never_reaches_the_gap_and_tests_tile_the_rest(window, gap, anchored, n):
    (train, test), (purge, embargo) = window, gap
    splits = list(
        WalkForward(train_size=train, test_size=test, purge=purge, embargo=embargo, anchored=anchored).splits(n)
    )
    for split in splits:
        assert split.train.stop + purge + embargo == split.test.start
        assert len(split.train) >= train
        assert split.test.stop <= n
        assert not set(split.train) & set(split.test)
        assert split.train.start == 0 if anchored else len(split.train) == train
    tested = [bar for split in splits for bar in split.test]
    assert tested == list(range(train + purge + embargo, n))


@given(at=st.lists(st.integers(0, 2000), unique=True, min_size=1).map(sorted), n_bars=st.integers(1, 30))
def test_picked_origins_never_overlap_and_none_could_be_added(at, n_bars):
    indices = np.array(at)
    picked = indices[non_overlapping(indices, n_bars)]
    assert (np.diff(picked) >= n_bars).all()
    for index in indices:
        assert (np.abs(picked - index) < n_bars).any()


@given(hits=breaches, confidence=confidences)
def test_no_coverage_test_returns_a_nan(hits, confidence):
    losses = np.where(hits, 2.0, -1.0)
    var = np.linspace(0.5, 1.5, hits.size)
    results = [
        coverage.kupiec_pof(hits, confidence),
        coverage.christoffersen_independence(hits),
        coverage.conditional_coverage(hits, confidence),
        coverage.duration_test(hits, confidence),
        coverage.duration_test(hits, confidence, discrete=True),
        coverage.dynamic_quantile(losses, var, confidence),
    ]
    for found in results:
        assert (found.n_forecasts, found.n_breaches) == (hits.size, hits.sum())
        if found.p_value is None:
            assert found.statistic is None
            assert found.reason
        else:
            assert 0.0 <= found.p_value <= 1.0
            assert found.statistic >= 0.0


@given(hits=breaches, confidence=confidences)
def test_kupiec_is_free_of_order_and_the_light_knows_it_too(hits, confidence):
    assert coverage.kupiec_pof(hits, confidence) == coverage.kupiec_pof(np.sort(hits), confidence)
    light = coverage.basel_traffic_light(hits, confidence)
    assert 0.0 <= light.cumulative_probability <= 1.0
    assert (light.multiplier == 3.0) == (light.zone == "green")


@given(
    losses=arrays(np.float64, 30, elements=st.floats(-1, 1)),
    var=st.floats(0.01, 0.5),
    confidence=confidences,
)
def test_tick_loss_is_never_negative_and_zero_only_on_the_spot(losses, var, confidence):
    score = scoring.tick_loss(losses, np.full(30, var), confidence)
    assert (score >= 0).all()
    assert ((score == 0) == (losses == var)).all()


@settings(deadline=None)
@given(
    spot=st.floats(1, 500),
    moneyness=st.floats(0.5, 2.0),
    maturity=st.floats(0.01, 3),
    rates=st.tuples(st.floats(-0.05, 0.2), st.floats(0, 0.1)),
    volatility=st.floats(0.02, 1.5),
)
def test_put_call_parity_bounds_and_the_way_back(spot, moneyness, maturity, rates, volatility):
    rate, carry = rates
    strike = spot * moneyness
    call, put = (
        float(options.black_scholes_price(spot, strike, maturity, rate, volatility, dividend_yield=carry, kind=kind))
        for kind in ("call", "put")
    )
    forward_leg, strike_leg = spot * np.exp(-carry * maturity), strike * np.exp(-rate * maturity)
    assert np.isclose(call - put, forward_leg - strike_leg, atol=1e-9 * spot)
    assert max(forward_leg - strike_leg, 0) - 1e-9 * spot <= call <= forward_leg
    time_value = call - max(forward_leg - strike_leg, 0.0)
    if time_value > 1e-6 * spot:
        back = options.implied_volatility(call, spot, strike, maturity, rate, dividend_yield=carry)
        assert np.isclose(float(back), volatility, rtol=1e-5, atol=1e-7)
