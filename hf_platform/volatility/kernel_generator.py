"""Write the likelihood kernels: one function per process, lag orders and distribution.

A kernel runs one time loop over eight series (`lanes`) and returns sums over time: log variances, the score of each
parameter, and what Fisher scoring needs. With sigma_t the conditional volatility, e_t = y_t - mu, z_t = e_t / sigma_t,
psi = -d ln f / dz and l_k = d ln sigma_t^2 / d theta_k, every model shares

    score_k = 1/2 (psi z - 1) l_k + [k is mu] psi / sigma_t

so a process only supplies l_k, and a distribution only psi z, psi / sigma and its own shape sums; of these two the
code keeps what is left when a `factor`, constant over time, is taken out. The code is written out flat, because states
kept in named variables stay in vector registers. The time of a kernel is that of its multiplications (egarch: of the
chain from one exponential to the next), so constants wait for the end of the loop, and sums that only steer the search,
those of the expected information, take in every `STRIDE`-th bar.

Regenerate with ``python -m hf_platform.volatility.kernel_generator``; a test compares the files with this text.

References
----------
Fiorentini, G., Calzolari, G., Panattoni, L. (1996). Analytic Derivatives and the Computation of GARCH Estimates.
Journal of Applied Econometrics 11(4), 399-417.
"""

from pathlib import Path
from typing import Final

from hf_platform.volatility.kernel_lines import (
    STRIDE,
    Model,
    accumulate,
    accumulate_outer,
    closing,
    products,
    prologue,
    recursion,
    results,
    sample,
    scores_of_shapes,
    shift,
    standardise,
    strip,
)

PROCESSES: Final = ("garch", "gjr", "tarch", "egarch")
DISTRIBUTIONS: Final = ("normal", "t", "skewt", "ged")
ORDERS: Final = ((1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2))  # (p, q)

HEADER: Final = '''"""Likelihood kernels of the {process} process. Written by kernel_generator.py; do not edit."""

# generated, and the vector type exists only inside compiled code
# ruff: noqa: ANN001, ANN201, B020, E501, F841, PLR0912, PLR0915, PLR0917, RUF100
# pyright: basic, reportCallIssue=false

from hf_platform.volatility.lanes import {names}
'''


def kernel_name(process: str, p: int, q: int, distribution: str, outer: bool = False) -> str:
    """Name the kernel of a specification; the outer one sums products of scores for robust standard errors."""
    return f"{process}_{p}{q}_{distribution}" + ("_outer" if outer else "")


def kernel_source(process: str, p: int, q: int, distribution: str, outer: bool = False) -> str:
    """Write one kernel."""
    m = Model(process, p, q, distribution, outer)
    start = ["align_stack()", *prologue(m)]
    if m.p > 1:
        start += ["next_xm2 = xm2"] + (["next_f2 = zero"] if process == "egarch" else [])
    body = recursion(m) + standardise(m)
    body += scores_of_shapes(m) + accumulate_outer(m) if outer else accumulate(m)
    if not outer:
        body += [f"if t & {STRIDE - 1} == 0:"] + [f"    {line}" for line in sample(m)]
    body += shift(m)
    if not outer and products(m):
        body += ["if t & 7 == 7:"] + [f"    {line}" for line in strip(m)]
    lines = ["", "", f"def {kernel_name(process, p, q, distribution, outer)}(returns, n_obs, theta, constants, sums):"]
    lines += [f'    """{process}({p}, {m.o}, {q}), {distribution} innovations."""']
    lines += [f"    {line}" for line in start]
    lines += ["    t = 0", "    stop = next_stop(n_obs, 0)", "    while t < stop:"]
    lines += ["        for t in range(t, stop):"] + [f"            {line}" for line in body]
    lines += [] if outer else [f"        {line}" for line in closing(m)]
    lines += ["        # Hand out the sums of every lane that has come this far; longer ones write again later."]
    lines += ["        ended = less(load(n_obs, 0), splat(float(stop)))"]
    lines += [
        f"        store(sums, {row}, where(ended, load(sums, {row}), {value}))" for row, value in enumerate(results(m))
    ]
    lines += ["        t = stop", "        stop = next_stop(n_obs, stop)"]
    return "\n".join(lines) + "\n"


def module_source(process: str, outer: bool = False) -> str:
    """Write the module of one process: a kernel for each pair of lag orders and each distribution."""
    body = "".join(
        kernel_source(process, p, q, distribution, outer) for p, q in ORDERS for distribution in DISTRIBUTIONS
    )
    tools = ("absolute", "align_stack", "exponent", "exponential", "fma", "inverse_volatility", "less", "load",
             "logarithm", "mantissa", "next_stop", "splat", "square_root", "store", "where")  # fmt: skip
    names = "".join(f"    {tool},\n" for tool in tools if f"{tool}(" in body)
    return HEADER.format(process=process, names=f"(\n{names})") + body


def module_path(process: str, outer: bool = False) -> Path:
    """Name the generated file of a process."""
    return Path(__file__).parent / "kernels" / f"{process}{'_outer' if outer else ''}.py"


if __name__ == "__main__":
    for each in PROCESSES:
        for with_products in (False, True):
            module_path(each, with_products).write_text(module_source(each, with_products))
