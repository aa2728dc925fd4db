"""Laws of splits, coverage tests, scores and options, whatever the numbers."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hf_platform.backtest import breaks, confidence_set, coverage, scoring, strategy
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


shares = st.floats(-1, 1)


@given(
    steps=arrays(np.float64, (25, 2), elements=st.floats(-0.2, 0.2)),
    signals=arrays(np.float64, (25, 2), elements=st.one_of(shares, st.just(np.nan))),
    later=arrays(np.float64, (25, 2), elements=shares),
    cut=st.integers(1, 24),
    with_opens=st.booleans(),
)
def test_a_strategy_never_sees_the_future(steps, signals, later, cut, with_opens):
    closes = 100 * np.exp(np.cumsum(steps, axis=0))
    changed, other = closes.copy(), signals.copy()
    changed[cut:] *= np.exp(later[cut:])
    other[cut:] = later[cut:]
    options = ({"opens": closes * 1.01}, {"opens": np.vstack([closes[:cut] * 1.01, changed[cut:]])})
    whole = strategy.backtest(closes, signals, **(options[0] if with_opens else {}))
    moved = strategy.backtest(changed, other, **(options[1] if with_opens else {}))
    np.testing.assert_array_equal(moved.net[:cut], whole.net[:cut])
    np.testing.assert_array_equal(moved.positions[: cut + 1], whole.positions[: cut + 1])


@given(
    signals=arrays(np.float64, 30, elements=shares),
    steps=arrays(np.float64, 30, elements=st.floats(-0.1, 0.1)),
    cost=st.floats(0, 0.01),
)
def test_costs_never_help(signals, steps, cost):
    closes = 100 * np.exp(np.cumsum(steps))
    dear = strategy.backtest(closes, signals, strategy.TradingCosts(commission=cost, slippage=cost, borrow=10 * cost))
    free = strategy.backtest(closes, signals, strategy.FREE)
    assert (dear.net <= free.net + 1e-15).all()
    np.testing.assert_array_equal(dear.positions, free.positions)


@settings(deadline=None)
@given(losses=arrays(np.float64, (40, 4), elements=st.floats(0, 10)), seed=st.integers(0, 99))
def test_a_confidence_set_always_keeps_one(losses, seed):
    chosen = confidence_set.model_confidence_set(losses, n_resamples=99, seed=seed)
    assert chosen.included[np.isclose(chosen.p_values, 1.0)].all()
    assert chosen.p_values.max() == 1.0
    assert ((chosen.p_values > 0) & (chosen.p_values <= 1)).all()


@given(values=arrays(np.float64, st.integers(2, 60), elements=st.floats(-5, 5)), most=st.integers(0, 4))
def test_regimes_tile_the_sample_and_are_long_enough(values, most):
    found = breaks.break_points(values, max_breaks=most, trimming=0.2)
    edges = np.r_[0, found.starts, values.size]
    assert found.starts.size <= most
    if found.starts.size:
        assert np.diff(edges).min() >= np.ceil(0.2 * values.size)
    np.testing.assert_allclose((np.diff(edges) * found.means).sum(), values.sum(), atol=1e-8)


@given(u=arrays(np.float64, st.integers(1, 200), elements=st.floats(1e-6, 1 - 1e-6)), confidence=confidences)
def test_berkowitz_returns_no_nan(u, confidence):
    for found in (coverage.berkowitz(u), coverage.berkowitz_tail(u, confidence)):
        if found.p_value is None:
            assert found.reason
        else:
            assert 0.0 <= found.p_value <= 1.0
            assert found.statistic >= 0.0
