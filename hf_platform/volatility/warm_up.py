"""Compile the volatility kernels ahead of the first user, and report what that costs.

Numba keeps the machine code beside the sources (or in NUMBA_CACHE_DIR), so this runs once per machine and version.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hf_platform.volatility import dcc, ewma, garch
from hf_platform.volatility.specification import GarchSpec

DEFAULT_SPECS: Final[tuple[GarchSpec, ...]] = (
    *(
        GarchSpec(process=process, distribution=distribution)
        for process in ("garch", "gjr", "tarch", "egarch")
        for distribution in ("normal", "t", "skewt", "ged")
    ),
    GarchSpec(p=2, q=2),
    GarchSpec(p=2, q=2, distribution="t"),
    GarchSpec(process="egarch", p=1, q=2, distribution="skewt"),
)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Seconds that the first fit of each specification took; near zero when the machine code was on disk already."""

    seconds: dict[str, float]

    @property
    def total(self) -> float:
        """Seconds altogether."""
        return sum(self.seconds.values())


def spec_name(spec: GarchSpec) -> str:
    """Name a specification the way tables print it, for example egarch(1,1,2)-skewt."""
    orders = f"({spec.p},{spec.q})" if spec.process == "garch" else f"({spec.p},{spec.n_asymmetric},{spec.q})"
    return f"{spec.process}{orders}-{spec.distribution}"


def warm_up(specs: Sequence[GarchSpec] = DEFAULT_SPECS) -> WarmUp:
    """Fit, forecast and compute standard errors once for each specification on a little simulated data.

    Parameters
    ----------
    specs : sequence of GarchSpec
        Those of the demo and the benchmark by default; any other compiles on its first use, in about a second.

    Returns
    -------
    WarmUp
    """
    returns = np.random.default_rng(0).standard_normal((200, 2))
    seconds: dict[str, float] = {}
    for spec in specs:
        started = time.perf_counter()
        fits = garch.fit_many(returns, spec)
        _ = fits.robust_std_errors
        fits.forecast_variance(2)
        seconds[spec_name(spec)] = time.perf_counter() - started
    started = time.perf_counter()
    ewma.ewma_variance(returns)
    dcc.fit(returns, likelihood="full")
    dcc.fit(returns, likelihood="composite")
    seconds["ewma, dcc"] = time.perf_counter() - started
    return WarmUp(seconds)


if __name__ == "__main__":
    warm_up()
