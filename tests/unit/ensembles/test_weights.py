"""Weights against the numbers of a book, and against plain loops."""

import numpy as np
import pytest

from hf_platform.ensembles.weights import aic_weights, equal_weights, inverse_loss_weights, rolling_means
from hf_platform.errors import DataError, ModelError


def test_aic_weights_where_the_naive_form_is_zero_over_zero() -> None:
    aic = np.array([2099.13, 2098.05, 2100.16])
    with np.errstate(invalid="ignore"):
        assert np.isnan(np.exp(-aic) / np.exp(-aic).sum()).all()
    np.testing.assert_allclose(aic_weights(aic), [0.302, 0.518, 0.180], atol=5e-4)


def test_aic_weights_of_extreme_and_missing_values() -> None:
    weights = aic_weights(np.array([[-1e6, -1e6 + 4000, np.nan], [np.nan, 7.0, np.nan]]))
    assert weights.tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


def test_all_members_failed_is_an_error() -> None:
    for weigh in (aic_weights, inverse_loss_weights):
        with pytest.raises(ModelError, match="at least one member"):
            weigh(np.array([[1.0, 2.0], [np.nan, np.nan]]))
    with pytest.raises(ModelError):
        equal_weights(np.zeros((1, 2), dtype=bool))


def test_inverse_losses() -> None:
    np.testing.assert_allclose(inverse_loss_weights(np.array([1.0, 3.0])), [0.75, 0.25])
    np.testing.assert_allclose(inverse_loss_weights(np.array([1.0, np.nan, 1.0])), [0.5, 0.0, 0.5])
    np.testing.assert_allclose(inverse_loss_weights(np.array([0.0, 2.0, 0.0])), [0.5, 0.0, 0.5])
    with pytest.raises(DataError, match=r"-1\.0"):
        inverse_loss_weights(np.array([-1.0, 1.0]))


def test_rolling_means_equal_a_loop_and_never_look_ahead() -> None:
    rng = np.random.default_rng(0)
    losses = rng.random((60, 3))
    losses[rng.random((60, 3)) < 0.2] = np.nan
    found = rolling_means(losses, window=10, minimum=4)
    assert found.shape == (61, 3)
    for e in range(61):
        past = losses[max(e - 10, 0) : e]
        past = past[np.isfinite(past).all(axis=1)]
        if len(past) < 4:
            assert np.isnan(found[e]).all()
        else:
            np.testing.assert_allclose(found[e], past.mean(axis=0), rtol=1e-12)
    cut = rolling_means(losses[:40], window=10, minimum=4)
    np.testing.assert_array_equal(cut, found[:41])
    later = rolling_means(losses[20:], window=10, minimum=4)
    np.testing.assert_array_equal(later[10:], found[30:])
