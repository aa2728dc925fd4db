"""Simulate known parameters, refit, and count how often intervals cover them."""

import numpy as np
import pytest

from hf_platform.volatility import distributions, garch
from hf_platform.volatility.garch import GarchSpec

pytestmark = pytest.mark.slow

TRUTHS = {
    ("garch", "normal"): [0.05, 0.05, 0.10, 0.85],
    ("garch", "t"): [0.05, 0.05, 0.10, 0.85, 6.0],
    ("gjr", "skewt"): [0.05, 0.05, 0.05, 0.10, 0.84, 8.0, -0.15],
    ("tarch", "ged"): [0.05, 0.05, 0.05, 0.08, 0.88, 1.4],
    ("egarch", "normal"): [0.05, 0.01, 0.15, -0.08, 0.95],
    ("egarch", "t"): [0.05, 0.01, 0.15, -0.08, 0.95, 7.0],
}


def simulate(process, distribution, truth, *, n_obs, n_series, seed):
    n_shapes = {"normal": 0, "t": 1, "skewt": 2, "ged": 1}[distribution]
    shape = truth[len(truth) - n_shapes :]
    mu, omega, alpha, *rest = truth[: len(truth) - n_shapes]
    gamma, beta = rest if process != "garch" else (0.0, *rest)
    z = distributions.quantile(np.random.default_rng(seed).random((n_obs + 500, n_series)), distribution, shape)
    state, out = np.full(n_series, 0.0 if process == "egarch" else 1.0), np.empty_like(z)
    for t in range(n_obs + 500):
        sigma = {"tarch": state, "egarch": np.exp(0.5 * state)}.get(process, np.sqrt(np.abs(state)))
        e = sigma * z[t]
        out[t] = e
        if process == "egarch":
            state = omega + alpha * (np.abs(z[t]) - np.sqrt(2 / np.pi)) + gamma * z[t] + beta * state
        else:
            size = np.abs(e) if process == "tarch" else e**2
            state = omega + (alpha + gamma * (e < 0)) * size + beta * state
    return mu + out[500:]


@pytest.mark.parametrize(("process", "distribution"), list(TRUTHS))
def test_estimates_centre_on_the_truth_and_intervals_cover_it(process, distribution):
    truth = np.array(TRUTHS[process, distribution])
    n_series = 400
    returns = simulate(process, distribution, list(truth), n_obs=2500, n_series=n_series, seed=42)
    fits = garch.fit_many(returns, GarchSpec(process=process, distribution=distribution))
    assert np.isfinite(fits.params).all(axis=1).mean() > 0.99
    good = np.isfinite(fits.params).all(axis=1) & np.isfinite(fits.std_errors).all(axis=1)
    error = fits.params[good] - truth
    spread = error.std(axis=0) / np.sqrt(good.sum())
    # The maximum likelihood estimate has a bias of order 1 / T; a tenth of a standard deviation allows for it.
    assert (np.abs(np.median(error, axis=0)) < 4 * spread + 0.15 * error.std(axis=0)).all()
    for errors in (fits.std_errors, fits.robust_std_errors):
        covered = (np.abs(error) < 1.96 * errors[good]).mean(axis=0)
        assert (covered > 0.88).all(), covered
        assert (covered < 0.99).all(), covered
