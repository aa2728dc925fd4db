"""Laws of tails that hold for any past: ES beyond VaR, VaR rising with confidence, long and short as mirror images."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hf_platform.ensembles.intervals import IntervalSpec, adaptive_intervals
from hf_platform.ensembles.weights import adaptive_weights
from hf_platform.risk.filtered_historical import TailSpec, innovation_quantiles
from hf_platform.types import PROBABILITIES

LOW = np.array(PROBABILITIES) < 0.5
PASTS = arrays(np.float64, st.integers(1, 60), elements=st.floats(-12, 12, width=32))
SPECS = st.builds(
    TailSpec, window=st.integers(1, 80), prior_weight=st.floats(0.5, 500), freedom=st.floats(2.5, 30)
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(past=PASTS, spec=SPECS)
def test_es_lies_beyond_var_and_var_rises_with_confidence(past: np.ndarray, spec: TailSpec) -> None:
    quantiles, tails = innovation_quantiles(past, np.array([past.size]), spec)
    var, es = -quantiles[0, LOW][::-1], -tails[0, LOW][::-1]
    assert (np.diff(var) >= 0).all()
    assert (es >= var).all()
    assert (np.diff(es) >= -1e-9).all()


@settings(max_examples=60, deadline=None)
@given(past=PASTS, spec=SPECS)
def test_a_short_position_in_the_mirrored_market_is_a_long_one(past: np.ndarray, spec: TailSpec) -> None:
    _, tails = innovation_quantiles(past, np.array([past.size]), spec)
    quantiles, mirrored = innovation_quantiles(-past, np.array([past.size]), spec)
    # Expected shortfall is free of the convention at jumps: the mean of the worst share, whichever side.
    np.testing.assert_allclose(mirrored[0, ::-1][LOW], -tails[0][LOW], rtol=1e-5, atol=1e-6)
    assert np.isfinite(quantiles).all()


@settings(max_examples=40, deadline=None)
@given(scores=arrays(np.float64, st.integers(1, 150), elements=st.floats(0, 50)), cut=st.integers(0, 149))
def test_no_interval_before_a_change_moves(scores: np.ndarray, cut: int) -> None:
    spec = IntervalSpec(window=30, rate=0.02)
    before, _ = adaptive_intervals(scores, spec)
    changed = scores.copy()
    changed[cut:] += 7.0
    after, _ = adaptive_intervals(changed, spec)
    np.testing.assert_array_equal(after[: cut + 1], before[: cut + 1])


@settings(max_examples=60, deadline=None)
@given(losses=arrays(np.float64, st.integers(1, 8), elements=st.floats(1e-9, 1e3)), unit=st.floats(1e-4, 1e4))
def test_adaptive_weights_sum_to_one_fall_with_loss_and_have_no_unit(losses: np.ndarray, unit: float) -> None:
    weights = adaptive_weights(losses)
    assert abs(weights.sum() - 1) < 1e-12
    assert (np.diff(weights[np.argsort(losses)]) <= 1e-15).all()
    np.testing.assert_allclose(adaptive_weights(unit * losses), weights, rtol=1e-9)
