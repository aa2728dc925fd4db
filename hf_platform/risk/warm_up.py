"""Compile the loops that the nightly run uses besides the volatility kernels, ahead of the first user."""

import numpy as np

from hf_platform.models.elastic_nets import coordinate_descent, out_of_sample_errors
from hf_platform.risk.filtered_historical import innovation_quantiles
from hf_platform.risk.path_simulation import simulate_returns


def warm_up() -> None:
    """Call each loop once on a little data; numba keeps the machine code beside the sources."""
    draws = np.random.default_rng(0).standard_normal((60, 3))
    x, y = draws[:, :2].copy(), draws[:, 2].copy()
    coordinate_descent(x, y, 0.1, 0.5)
    out_of_sample_errors(x, y, [(np.arange(40), np.arange(42, 60))], [(0.1, 0.5), (0.01, 0.5)])
    bars = np.array([20, 40], dtype=np.int64)
    innovation_quantiles(y, bars)
    simulate_returns(np.tile([0.0, 0.05, 0.03, 0.08, 0.88], (2, 1)), np.ones(2), y, bars, 2, n_paths=50)


if __name__ == "__main__":
    warm_up()
