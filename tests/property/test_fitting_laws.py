"""Laws of walk-forward plans and of weights, whatever the numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hf_platform.ensembles.weights import aic_weights, inverse_loss_weights
from hf_platform.fitting.plan import pack, walk_forward
from hf_platform.horizons import Horizon
from hf_platform.models.base import Schedule

COUNTS = st.integers(1, 60)


def schedule(minimum: int, window: int, every: int) -> Schedule:
    return Schedule(minimum={"*": minimum}, window={"*": window}, every={"*": every})


@given(minimum=COUNTS, window=COUNTS, every=COUNTS, n_bars=st.integers(1, 25), n_series=st.integers(1, 400))
def test_segments_cover_the_origins_once_and_train_on_the_past_only(
    minimum: int, window: int, every: int, n_bars: int, n_series: int
) -> None:
    segments = walk_forward(schedule(minimum, window, every), Horizon(f"{n_bars}d", "1d", n_bars), n_series)
    assert bool(segments) == (n_series > minimum)
    origins = [int(i) for segment in segments for i in segment.origins]
    assert origins == sorted(set(origins))
    grid = [i for i in origins if i % n_bars == 0]
    assert set(origins) - set(grid) <= {n_series - 1}
    assert grid == list(range(grid[0], n_series, n_bars)) if grid else True
    for segment in segments:
        assert 1 <= segment.start < segment.stop
        assert segment.stop - segment.start <= window
        anchor = segment.stop - 1
        assert anchor <= segment.origins[0]
        assert segment.origins[-1] < anchor + every


@given(minimum=COUNTS, every=COUNTS, n_bars=st.integers(1, 25), n_series=st.integers(2, 300), more=st.integers(1, 50))
def test_more_history_moves_no_anchor(minimum: int, every: int, n_bars: int, n_series: int, more: int) -> None:
    horizon = Horizon(f"{n_bars}d", "1d", n_bars)
    plan = schedule(minimum, 40, every)
    before = walk_forward(plan, horizon, n_series)
    after = {(s.start, s.stop): {int(i) for i in s.origins} for s in walk_forward(plan, horizon, n_series + more)}
    for segment in before:
        kept = {int(i) for i in segment.origins if i % n_bars == 0}
        if kept:
            assert kept <= after[segment.start, segment.stop]


@given(
    aic=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8),
    shift=st.floats(-1e5, 1e5),
)
def test_aic_weights_are_shares_and_ignore_a_common_shift(aic: list[float], shift: float) -> None:
    values = np.array(aic)
    weights = aic_weights(values)
    assert (weights >= 0).all()
    assert abs(weights.sum() - 1) < 1e-12
    np.testing.assert_allclose(aic_weights(values + shift), weights, atol=1e-6)
    assert weights[np.argmin(values)] == weights.max()


@given(losses=st.lists(st.floats(1e-12, 1e6), min_size=1, max_size=8), scale=st.sampled_from([0.25, 1.0, 4096.0]))
def test_inverse_loss_weights_are_shares_and_free_of_units(losses: list[float], scale: float) -> None:
    values = np.array(losses)
    weights = inverse_loss_weights(values)
    assert abs(weights.sum() - 1) < 1e-12
    np.testing.assert_allclose(inverse_loss_weights(values * scale), weights, rtol=1e-12)
    assert (np.argsort(-weights, kind="stable") == np.argsort(values, kind="stable")).all() or len(set(losses)) < len(
        losses
    )


@given(sizes=st.lists(st.integers(0, 30), max_size=40), limit=st.integers(1, 40))
def test_packing_loses_nothing(sizes: list[int], limit: int) -> None:
    groups = pack(list(range(len(sizes))), sizes, limit)
    assert [i for group in groups for i in group] == list(range(len(sizes)))
    assert all(len(group) == 1 or sum(sizes[i] for i in group) <= limit for group in groups)
