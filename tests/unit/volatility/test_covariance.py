"""Standard errors against arch's numerical ones."""

from itertools import product

import numpy as np
import pytest
from arch import arch_model
from numpy.testing import assert_allclose

from hf_platform.volatility import garch
from hf_platform.volatility.garch import GarchSpec


def leverage_series(n_obs):
    rng = np.random.default_rng(8)
    h, out = 1.0, np.empty(n_obs)
    for t in range(n_obs):
        out[t] = np.sqrt(h) * rng.standard_t(7) * np.sqrt(5 / 7)
        h = 0.05 + (0.06 + 0.1 * (out[t] < 0)) * out[t] ** 2 + 0.84 * h
    return out + 0.05


CASES = [*product(("garch", "gjr"), ("normal", "t", "skewt", "ged")), ("tarch", "t"), ("egarch", "skewt")]


@pytest.mark.parametrize(("process", "distribution"), CASES)
def test_both_kinds_equal_arch(process, distribution):
    series = leverage_series(1500)
    spec = GarchSpec(process=process, distribution=distribution)
    fits = garch.fit_many(series[:, None], spec)
    model = arch_model(
        series, p=1, o=spec.n_asymmetric, q=1, power=1.0 if process == "tarch" else 2.0,
        vol="EGARCH" if process == "egarch" else "GARCH", dist=distribution, rescale=False,
    )  # fmt: skip
    model.fit(disp="off")
    for robust, ours in ((False, fits.std_errors[0]), (True, fits.robust_std_errors[0])):
        theirs = np.sqrt(np.diag(model.compute_param_cov(fits.params[0].copy(), robust=robust)))
        assert_allclose(ours, theirs, rtol=6e-3)
