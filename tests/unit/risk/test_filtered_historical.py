"""Quantiles of past innovations and their prior, against brute force."""

import numpy as np
import pytest
from scipy import stats

from hf_platform.errors import ConfigError, DataError
from hf_platform.risk.filtered_historical import TailSpec, innovation_quantiles
from hf_platform.types import PROBABILITIES

LEVELS = np.array(PROBABILITIES)
SCALE = np.sqrt(0.6)
SIDES = LEVELS != 0.5  # the median has a lower tail only


def sample(n: int = 1_200) -> np.ndarray:
    z = np.random.default_rng(0).standard_t(4, n) * 0.7
    z[[3, 900]] = np.nan
    return z


@pytest.mark.parametrize("slot", [0, 1, 7, 300, 1_000, 1_200])
def test_quantiles_and_tail_means_match_a_fine_grid(slot: int) -> None:
    z = sample()
    quantiles, tails = innovation_quantiles(z, np.array([slot]))
    window = z[max(slot - 500, 0) : slot]
    window = window[np.isfinite(window)]
    grid = np.linspace(-40, 40, 2_000_001)
    mixture = np.searchsorted(np.sort(window), grid, "right") + 250 * stats.t.cdf(grid / SCALE, 5)
    mixture /= window.size + 250
    np.testing.assert_allclose(quantiles[0], grid[np.searchsorted(mixture, LEVELS)], atol=5e-5)
    places = (np.arange(200_000) + 0.5) / 200_000
    drawn = grid[np.minimum(np.searchsorted(mixture, places), grid.size - 1)]
    expected = [drawn[places <= p].mean() if p <= 0.5 else drawn[places >= p].mean() for p in PROBABILITIES]
    np.testing.assert_allclose(tails[0], expected, atol=5e-3)


def test_without_a_past_the_prior_stands_alone() -> None:
    quantiles, tails = innovation_quantiles(np.full(5, np.nan), np.array([0, 5]))
    np.testing.assert_allclose(quantiles, np.tile(SCALE * stats.t.ppf(LEVELS, 5), (2, 1)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(tails[:, ::-1][:, SIDES], -tails[:, SIDES], rtol=1e-9)


def test_rows_order_and_lie_beyond_each_other() -> None:
    quantiles, tails = innovation_quantiles(sample(), np.arange(1_201))
    assert (np.diff(quantiles, axis=1) >= 0).all()
    low = LEVELS <= 0.5
    assert (tails[:, low] <= quantiles[:, low]).all()
    assert (tails[:, ~low] >= quantiles[:, ~low]).all()


def test_a_row_reads_its_own_window_only_bit_for_bit() -> None:
    z = sample()
    whole = innovation_quantiles(z, np.arange(1_201))
    later = z.copy()
    later[800:] = 50.0
    np.testing.assert_array_equal(innovation_quantiles(later, np.arange(801))[0], whole[0][:801])
    np.testing.assert_array_equal(innovation_quantiles(z[250:], np.array([750, 752]))[0], whole[0][[1_000, 1_002]])


def test_signs_mirror() -> None:
    z = sample()
    quantiles, tails = innovation_quantiles(z, np.array([1_100]))
    mirrored, mirrored_tails = innovation_quantiles(-z, np.array([1_100]))
    # At a jump the lower and the upper quantile differ; the grid of levels meets none here.
    np.testing.assert_allclose(mirrored[:, ::-1], -quantiles, atol=2e-2)
    np.testing.assert_allclose(mirrored_tails[:, ::-1][:, SIDES], -tails[:, SIDES], atol=1e-9)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ConfigError, match="degrees of freedom"):
        TailSpec(freedom=2.0)
    with pytest.raises(DataError, match="slots must lie within 0 to 3"):
        innovation_quantiles(np.zeros(3), np.array([4]))
    with pytest.raises(DataError, match="infinity"):
        innovation_quantiles(np.array([0.0, np.inf]), np.array([1]))
    assert innovation_quantiles(np.zeros(3), np.empty(0, dtype=np.int64))[0].shape == (0, len(PROBABILITIES))
