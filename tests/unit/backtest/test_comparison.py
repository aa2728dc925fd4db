"""Diebold-Mariano: against a regression, verdicts, bad input."""

import numpy as np
import pytest
import statsmodels.api as sm

from hf_platform.backtest.comparison import diebold_mariano
from hf_platform.errors import DataError


def test_it_is_the_newey_west_t_statistic_of_the_mean_difference():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(501)
    one, other = 0.05 + noise[1:] + 0.5 * noise[:-1], rng.standard_normal(500)
    fit = sm.OLS(one - other, np.ones(500)).fit(cov_type="HAC", cov_kwds={"maxlags": 5, "use_correction": False})
    found = diebold_mariano(one, other)
    assert found.statistic == pytest.approx(fit.tvalues[0], rel=1e-9)
    assert found.p_value == pytest.approx(fit.pvalues[0], rel=1e-9)


def test_a_winner_is_named_only_with_evidence():
    rng = np.random.default_rng(1)
    base = rng.standard_normal(400) ** 2
    assert diebold_mariano(base - 0.1 + 0.1 * rng.standard_normal(400), base).verdict == "better"
    assert diebold_mariano(base + 0.1 + 0.1 * rng.standard_normal(400), base).verdict == "worse"
    assert diebold_mariano(base, np.roll(base, 7)).verdict == "cannot tell"


def test_equal_forecasts_name_a_winner_in_about_one_of_twenty():
    rng = np.random.default_rng(2)
    winners = sum(diebold_mariano(*rng.standard_normal((2, 500))).verdict != "cannot tell" for _ in range(400))
    assert winners / 400 < 0.09


@pytest.mark.parametrize(("one", "other"), [(np.ones(50), np.zeros(50)), (np.ones(50), np.ones(50)), ([1.0], [2.0])])
def test_without_noise_or_data_one_cannot_tell(one, other):
    found = diebold_mariano(one, other)
    assert found.p_value is None
    assert found.verdict == "cannot tell"
    assert found.reason


@pytest.mark.parametrize(("one", "other"), [([1.0], [1.0, 2.0]), ([], []), ([np.nan] * 40, [0.0] * 40)])
def test_bad_input_is_refused(one, other):
    with pytest.raises(DataError):
        diebold_mariano(one, other)
