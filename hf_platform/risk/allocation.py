"""Reference allocations on a forecast covariance: minimum variance and risk parity, long only, by skfolio."""

# skfolio, pandas and cvxpy ship no type stubs
# pyright: basic

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.errors import ModelError
from hf_platform.risk.covariance import check_covariance
from hf_platform.types import FloatArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from skfolio.optimization import MeanRisk, RiskBudgeting
    from skfolio.prior import EmpiricalPrior

ALLOCATIONS: Final = ("minimum_variance", "risk_parity")


def minimum_variance(covariance: FloatArray, names: Sequence[str]) -> FloatArray:
    """Find the long-only weights of smallest variance.

    Parameters
    ----------
    covariance : float64 array, shape (n_instruments, n_instruments)
        Forecast covariance of returns [decimal squared], invertible.
    names : sequence of str

    Returns
    -------
    float64 array, shape (n_instruments,)
        Not negative, sum 1.

    Raises
    ------
    DataError
        If the covariance is singular or none at all.
    ModelError
        If the solver finds no optimum.
    """
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk, ObjectiveFunction

    prior = _prior(covariance, names)
    model = MeanRisk(
        objective_function=ObjectiveFunction.MINIMIZE_RISK, risk_measure=RiskMeasure.VARIANCE, prior_estimator=prior
    )
    return _weights(model, names)


def risk_parity(covariance: FloatArray, names: Sequence[str]) -> FloatArray:
    """Find the long-only weights under which every instrument carries the same share of the variance.

    Parameters, returns and errors are those of `minimum_variance`.
    """
    from skfolio import RiskMeasure
    from skfolio.optimization import RiskBudgeting

    model = RiskBudgeting(risk_measure=RiskMeasure.VARIANCE, prior_estimator=_prior(covariance, names))
    return _weights(model, names)


def risk_shares(weights: FloatArray, covariance: FloatArray) -> FloatArray:
    """Split the variance of a portfolio over its instruments; shares sum to 1, or are zero where there is no risk."""
    carried = weights * (covariance @ weights)
    total = float(carried.sum())
    return carried / total if total > 0.0 else np.zeros_like(carried)


def _prior(covariance: FloatArray, names: Sequence[str]) -> "EmpiricalPrior":
    # skfolio estimates its prior from returns; ours is given. It is scaled to a mean variance of one,
    # because daily variances near 1e-4 sit at the tolerance of the solvers; weights do not change by that.
    from skfolio.moments import EmpiricalMu
    from skfolio.moments.covariance import BaseCovariance
    from skfolio.prior import EmpiricalPrior

    check_covariance(covariance, names, invertible=True)
    scaled = covariance / float(np.diag(covariance).mean())

    class Forecast(BaseCovariance):
        """A covariance that is handed in."""

        def fit(self, X: "ArrayLike", y: None = None, **fit_params: object) -> "Forecast":
            """Ignore the returns."""
            self._set_covariance(scaled)
            return self

    return EmpiricalPrior(mu_estimator=EmpiricalMu(), covariance_estimator=Forecast(nearest=False))


def _weights(model: "MeanRisk | RiskBudgeting", names: Sequence[str]) -> FloatArray:
    import pandas as pd
    from cvxpy.error import SolverError

    # The returns only name the columns: minimum variance and risk parity use the covariance alone.
    blank = pd.DataFrame(np.zeros((2, len(names))), columns=pd.Index(list(names)))
    try:
        model.fit(blank)
    except SolverError as error:
        raise ModelError(
            f"no allocation was found: {error}. Check the covariance of {', '.join(names[:6])}."
        ) from error
    weights = np.maximum(np.asarray(model.weights_, dtype=np.float64), 0.0)
    return weights / weights.sum()
