"""Between the units of a standardised series and the caller's."""

import numpy as np

from hf_platform.types import FloatArray
from hf_platform.volatility.specification import GarchSpec


def from_standardised(spec: GarchSpec, theta: FloatArray, location: FloatArray, scale: FloatArray) -> FloatArray:
    """Map natural parameters of standardised series (a mean in column 0) to `spec.param_names` in caller's units."""
    theta = theta.copy()
    theta[:, 0] = location + scale * theta[:, 0]
    if spec.process == "egarch":
        betas = theta[:, 2 + spec.p + spec.n_asymmetric :][:, : spec.q].sum(axis=1)
        theta[:, 1] += 2.0 * np.log(scale) * (1.0 - betas)
    else:
        theta[:, 1] *= scale if spec.process == "tarch" else scale * scale
    return theta if spec.mean == "constant" else theta[:, 1:]


def to_standardised(spec: GarchSpec, params: FloatArray, location: FloatArray, scale: FloatArray) -> FloatArray:
    """Invert `from_standardised`."""
    theta = params.copy() if spec.mean == "constant" else np.column_stack([np.zeros(params.shape[0]), params])
    theta[:, 0] = (theta[:, 0] - location) / scale
    if spec.process == "egarch":
        betas = theta[:, 2 + spec.p + spec.n_asymmetric :][:, : spec.q].sum(axis=1)
        theta[:, 1] -= 2.0 * np.log(scale) * (1.0 - betas)
    else:
        theta[:, 1] /= scale if spec.process == "tarch" else scale * scale
    return theta
