"""Write the likelihood kernels: one function per process, lag orders and distribution.

A kernel runs one time loop over eight series (`lanes`) and returns sums over time: log variances, the score of each
parameter, and what Fisher scoring needs. With sigma_t the conditional volatility, e_t = y_t - mu, z_t = e_t / sigma_t,
psi = -d ln f / dz and l_k = d ln sigma_t^2 / d theta_k, every model shares

    score_k = 1/2 (psi z - 1) l_k + [k is mu] psi / sigma_t

so a process only supplies l_k, and a distribution only psi z, psi / sigma and its own shape sums. The code is written
out flat, because states kept in named variables stay in vector registers.

Regenerate with ``python -m hf_platform.volatility.kernel_generator``; a test compares the files with this text.

References
----------
Fiorentini, G., Calzolari, G., Panattoni, L. (1996). Analytic Derivatives and the Computation of GARCH Estimates.
Journal of Applied Econometrics 11(4), 399-417.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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


def _sum(terms: Sequence[tuple[str, str]], start: str | None = None) -> str:
    # start + sum of products, as nested fused multiply-adds.
    total = start
    for a, b in terms:
        total = f"{a} * {b}" if total is None else f"fma({a}, {b}, {total})"
    return total if total is not None else "zero"


@dataclass(frozen=True, slots=True)
class _Model:
    process: str
    p: int
    q: int
    distribution: str
    outer: bool = False  # sum outer products of scores instead of scores and information

    @property
    def o(self) -> int:
        return 0 if self.process == "garch" else 1

    @property
    def coefficients(self) -> list[str]:
        # Parameters of mean and process in arch's order, as variable names.
        alphas = [f"a{i}" for i in range(1, self.p + 1)]
        betas = [f"b{j}" for j in range(1, self.q + 1)]
        return ["mu", "w", *alphas, *(["g1"] if self.o else []), *betas]

    @property
    def state_lags(self) -> int:
        # How many lags of the derivative of the state enter the next one.
        return max(self.p, self.q) if self.process == "egarch" else self.q

    @property
    def shapes(self) -> list[str]:
        return {"normal": [], "t": ["nu"], "skewt": ["nu", "lam"], "ged": ["nu"]}[self.distribution]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        # Cells of the information matrix that are accumulated. For the symmetric process those between the mean
        # and the others have expectation zero and are left out.
        k = len(self.coefficients)
        cells = [(i, j) for i in range(k) for j in range(i + 1)]
        return [(i, j) for i, j in cells if self.process != "garch" or j > 0 or i == 0]


def _prologue(m: _Model) -> list[str]:
    names = m.coefficients
    lines = [f"{name} = load(theta, {i})" for i, name in enumerate(names)]
    lines += ["zero = splat(0.0)", "one = splat(1.0)", "half = splat(0.5)"]
    lines += ["presample = load(constants, 0)", "presample_slope = load(constants, 1)"]
    if m.process in ("garch", "gjr"):
        lines += [f"m2a{i} = a{i} * splat(-2.0)" for i in range(1, m.p + 1)]
        lines += ["m2g1 = g1 * splat(-2.0)"] if m.o else []
    if m.process == "egarch":
        lines += ["mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch"]
        lines += [f"half_a{i} = a{i} * splat(-0.5)" for i in range(1, m.p + 1)] + ["half_g1 = g1 * splat(-0.5)"]
    if m.process == "tarch":
        lines += ["two = splat(2.0)"]
    lines += {
        "normal": [],
        "t": ["nu1 = load(constants, 2)  # nu + 1", "k2 = load(constants, 3)  # 1 / (nu - 2)", "nu1_k2 = nu1 * k2"],
        "skewt": [
            "a_ = load(constants, 2)  # Hansen's a and b",
            "b_ = load(constants, 3)",
            "left = load(constants, 4)  # 1 / (1 - lambda)",
            "right = load(constants, 5)  # 1 / (1 + lambda)",
            "k2 = load(constants, 6)  # 1 / (eta - 2)",
            "kb = load(constants, 7)  # b (eta + 1) / (eta - 2)",
        ],
        "ged": [
            "power = load(constants, 2)  # nu / 2 - 1",
            "scale = load(constants, 3)  # c ** -nu",
            "half_nu = load(constants, 4)",
            "tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero",
        ],
    }[m.distribution]
    if m.outer:
        lines += [f"shape{row} = load(constants, {row})" for row in range(8, 8 + _N_OUTER_CONSTANTS[m.distribution])]
    return lines + _initial_states(m)


_N_OUTER_CONSTANTS: Final = {"normal": 0, "t": 2, "skewt": 7, "ged": 2}


def _initial_states(m: _Model) -> list[str]:
    lines: list[str] = []
    for i in range(1, m.p + 1):
        # ARCH terms: value, and its derivative with respect to the mean.
        lines += [f"x{i} = {'zero' if m.process == 'egarch' else 'presample'}"]
        lines += [f"xm{i} = {'zero' if m.process == 'egarch' else f'a{i} * presample_slope'}"]
    if m.o:
        lines += [f"y1 = {'zero' if m.process == 'egarch' else 'half * presample'}"]
        if m.process != "egarch":
            lines += ["xm1 = fma(half * g1, presample_slope, xm1)"]
    if m.process == "egarch":
        lines += [f"f{i} = zero" for i in range(1, m.p + 1)]
    lines += [f"s{j} = presample" for j in range(1, max(m.q, 1) + 1)]
    for name in m.coefficients:
        start = "presample_slope" if name == "mu" else "zero"
        lines += [f"d_{name}{j} = {start}" for j in range(1, m.state_lags + 1)]
    if m.outer:
        n = len(m.coefficients) + len(m.shapes)
        return lines + [f"b{i}_{j} = zero" for i in range(n) for j in range(i + 1)]
    lines += ["log_state = zero"] + (["product = one"] if m.process != "egarch" else [])
    lines += [f"score_{name} = zero" for name in m.coefficients]
    lines += [f"m{i}_{j} = zero" for i, j in m.pairs] + ["sum_u = zero"]
    if m.distribution != "normal":
        lines += [f"sum_{name} = zero" for name in m.coefficients]
    lines += [f"{name} = zero" for name in _shape_sums(m)]
    if m.distribution in ("t", "skewt"):
        lines += ["product_q = one"]
    return lines


def _shape_sums(m: _Model) -> list[str]:
    return {
        "normal": ["sum_z2"],
        "t": ["log_q", "sum_r"],
        "skewt": ["log_q", "sum_k", "sum_kz", "sum_kys", "sum_inverse"],
        "ged": ["sum_m", "sum_m_log"],
    }[m.distribution]


def _recursion(m: _Model) -> list[str]:
    # Next state s (variance, volatility or log variance) and d_k = ds / d theta_k.
    direct = {"mu": " + ".join(f"xm{i}" for i in range(1, m.p + 1)), "w": "one", "g1": "y1"}
    direct |= {f"a{i}": f"x{i}" for i in range(1, m.p + 1)} | {f"b{j}": f"s{j}" for j in range(1, m.q + 1)}
    slopes: list[str] = []
    lines: list[str] = []
    for lag in range(1, m.state_lags + 1):
        beta = f"b{lag}" if lag <= m.q else None
        feedback = f"f{lag}" if m.process == "egarch" and lag <= m.p else None
        if beta and feedback:
            lines += [f"slope{lag} = b{lag} + f{lag}"]
            slopes += [f"slope{lag}"]
        else:
            slopes += [beta or feedback or "zero"]
    for name in m.coefficients:
        lags = [(slope, f"d_{name}{lag}") for lag, slope in enumerate(slopes, start=1)]
        lines += [f"d_{name} = {_sum(lags, direct[name])}"]
    terms = [(f"a{i}", f"x{i}") for i in range(1, m.p + 1)] + ([("g1", "y1")] if m.o else [])
    terms += [(f"b{j}", f"s{j}") for j in range(m.q, 0, -1)]
    return [*lines, f"s = {_sum(terms, 'w')}", "e = load(returns, t) - mu", "e2 = e * e"]


def _standardise(m: _Model) -> list[str]:
    # From the state to u = 1 / sigma^2, and l_k; heavy-tailed kernels share one division with 1 + q.
    form = {"garch": "variance", "gjr": "variance", "tarch": "volatility", "egarch": "log"}[m.process]
    if form == "log":
        lines = ["inverse = exponential(s * splat(-0.5))  # 1 / sigma", "z = e * inverse", "u = inverse * inverse"]
        if m.distribution == "t":
            lines += ["one_q = fma(e2 * u, k2, one)", "weight = u / one_q"]
        if m.distribution == "skewt":
            lines += ["yb = fma(b_, z, a_)", "side = where(less(yb, zero), left, right)", "y = yb * side"]
            lines += ["one_q = fma(y * y, k2, one)", "k = y * side / one_q"]
        return [*lines, *(f"l_{name} = d_{name}" for name in m.coefficients)]
    lines: list[str] = []
    if m.distribution in ("normal", "ged"):
        lines = ["u = one / s"] if form == "variance" else ["inverse = one / s", "u = inverse * inverse"]
    else:
        variance, sigma = ("s", "square_root(s)") if form == "variance" else ("s * s", "s")
        if m.distribution == "skewt":
            lines += [f"sigma = {sigma}", "yb = fma(b_, e, a_ * sigma)"]
            lines += ["side = where(less(yb, zero), left, right)", "ys = yb * side"]
        tail = "e2" if m.distribution == "t" else "ys * ys"
        lines += [f"big = fma({tail}, k2, {variance})  # sigma^2 (1 + q)", "both = one / (s * big)"]
        if form == "variance":
            lines += ["u = both * big"]
        else:
            lines += ["inverse = both * big", "u = inverse * inverse"]
        lines += ["one_q = big * u", "weight = both * s  # 1 / (sigma^2 (1 + q))"]
        if m.distribution == "skewt":
            lines += ["inverse = sigma * u"] if form == "variance" else []
            lines += ["z = e * inverse", "y = ys * inverse", "k = ys * side * sigma * weight"]
    factor = "u" if form == "variance" else "two_inverse"
    lines += [] if form == "variance" else ["two_inverse = two * inverse"]
    return [*lines, *(f"l_{name} = {factor} * d_{name}" for name in m.coefficients)]


def _score_of_shapes(m: _Model) -> list[str]:
    # Score of one bar by each shape, from the constants that `scoring.outer_constants` writes.
    if m.distribution == "normal":
        return ["psi_z = e2 * u", "psi_sigma = e * u"]
    if m.distribution == "t":
        return ["r = e2 * k2 * weight", "psi_z = nu1 * r", "psi_sigma = nu1_k2 * e * weight",
                "v_nu = fma(shape9, r, fma(splat(-0.5), logarithm(one_q), shape8))"]  # fmt: skip
    if m.distribution == "skewt":
        return ["kz = k * z", "psi_z = kb * kz", "psi_sigma = kb * k * inverse", "ky = k * y",
                "kys = where(less(yb, zero), zero - ky, ky)", "log_q = logarithm(one_q)",
                "v_nu = fma(shape10, k, fma(shape9, kz, fma(splat(-0.5), log_q, shape8)))",
                "v_lam = fma(shape14, kys, fma(shape13, k, fma(shape12, kz, shape11)))"]  # fmt: skip
    return ["z2 = fma(e2, u, tiny)", "log_z2 = logarithm(z2)", "tail = scale * exponential(power * log_z2)",
            "m = tail * z2", "psi_z = half_nu * m", "psi_sigma = half_nu * tail * e * u",
            "v_nu = fma(m, fma(splat(-0.25), log_z2, shape9), shape8)"]  # fmt: skip


def _accumulate_outer(m: _Model) -> list[str]:
    names = m.coefficients
    lines = ["c = fma(half, psi_z, splat(-0.5))", "v_mu = fma(c, l_mu, psi_sigma)"]
    lines += [f"v_{name} = c * l_{name}" for name in names[1:]]
    every = [*names, *m.shapes]
    return lines + [
        f"b{i}_{j} = fma(v_{every[i]}, v_{every[j]}, b{i}_{j})" for i in range(len(every)) for j in range(i + 1)
    ]


def _density(m: _Model) -> list[str]:
    # psi z, psi / sigma, and the sums that give likelihood and score of the shape.
    if m.distribution == "normal":
        return ["psi_z = e2 * u", "psi_sigma = e * u", "sum_z2 = sum_z2 + psi_z"]
    if m.distribution == "t":
        return ["r = e2 * k2 * weight", "psi_z = nu1 * r", "psi_sigma = nu1_k2 * e * weight", "sum_r = sum_r + r",
                "product_q = product_q * one_q"]  # fmt: skip
    if m.distribution == "skewt":
        return ["kz = k * z", "psi_z = kb * kz", "psi_sigma = kb * k * inverse", "sum_k = sum_k + k",
                "sum_kz = sum_kz + kz", "ky = k * y", "sum_kys = sum_kys + where(less(yb, zero), zero - ky, ky)",
                "sum_inverse = sum_inverse + inverse", "product_q = product_q * one_q"]  # fmt: skip
    return ["z2 = fma(e2, u, tiny)", "log_z2 = logarithm(z2)", "tail = scale * exponential(power * log_z2)",
            "m = tail * z2", "psi_z = half_nu * m", "psi_sigma = half_nu * tail * e * u", "sum_m = sum_m + m",
            "sum_m_log = fma(m, log_z2, sum_m_log)"]  # fmt: skip


def _accumulate(m: _Model) -> list[str]:
    names = m.coefficients
    lines = ["c = fma(half, psi_z, splat(-0.5))"]
    lines += [f"score_{name} = fma(c, l_{name}, score_{name})" for name in names]
    lines += ["score_mu = score_mu + psi_sigma", "sum_u = sum_u + u"]
    lines += [f"m{i}_{j} = fma(l_{names[i]}, l_{names[j]}, m{i}_{j})" for i, j in m.pairs]
    if m.distribution != "normal":
        lines += [f"sum_{name} = sum_{name} + l_{name}" for name in names]
    lines += ["log_state = log_state + s"] if m.process == "egarch" else ["product = product * s"]
    return lines


def _shift(m: _Model) -> list[str]:
    # Move every lag by one bar. What a second ARCH lag needs of this bar waits one bar as `next_...`.
    lines = [f"x{i} = x{i - 1}" for i in range(m.p, 1, -1)]
    lines += ["xm2 = next_xm2"] if m.p > 1 else []
    lines += ["f2 = next_f2"] if m.p > 1 and m.process == "egarch" else []
    if m.process == "egarch":
        lines += ["size = absolute(z)", "x1 = size - mean_abs", "y1 = z", "f1 = fma(half_a1, size, half_g1 * z)"]
        lines += ["xm1 = where(less(e, zero), a1 - g1, zero - a1 - g1) * inverse"]
        second = ["next_f2 = half_a2 * size", "next_xm2 = where(less(e, zero), a2, zero - a2) * inverse"]
    elif m.process == "tarch":
        lines += ["x1 = absolute(e)", "y1 = where(less(e, zero), x1, zero)"]
        lines += ["xm1 = where(less(e, zero), a1 + g1, zero - a1)"]
        second = ["next_xm2 = where(less(e, zero), a2, zero - a2)"]
    else:
        lines += ["x1 = e2"]
        if m.o:
            lines += ["fall = where(less(e, zero), e, zero)", "y1 = fall * fall", "xm1 = fma(m2g1, fall, m2a1 * e)"]
        else:
            lines += ["xm1 = m2a1 * e"]
        second = ["next_xm2 = m2a2 * e"]
    lines += second if m.p > 1 else []
    lines += [f"s{j} = s{j - 1}" for j in range(m.q, 1, -1)] + (["s1 = s"] if m.q else [])
    for name in m.coefficients:
        lines += [f"d_{name}{j} = d_{name}{j - 1}" for j in range(m.state_lags, 1, -1)]
        lines += [f"d_{name}1 = d_{name}"] if m.state_lags else []
    return lines


def _strip(m: _Model) -> list[str]:
    # Every eight bars the exponents of the running products are moved out, so that one log at the end is enough.
    if m.outer:
        return []
    names = (["product"] if m.process != "egarch" else []) + (["product_q"] if m.distribution in ("t", "skewt") else [])
    return [
        line
        for name in names
        for line in (f"{name}_twos = {name}_twos + exponent({name})", f"{name} = mantissa({name})")
    ]


def _results(m: _Model) -> list[str]:
    # Rows of `sums`, in the order that `scoring.py` reads them.
    if m.outer:
        n = len(m.coefficients) + len(m.shapes)
        return [f"b{i}_{j}" for i in range(n) for j in range(i + 1)]
    log_state = {
        "garch": "fma(product_twos, ln2, logarithm(product))",
        "gjr": "fma(product_twos, ln2, logarithm(product))",
        "tarch": "two * fma(product_twos, ln2, logarithm(product))",
        "egarch": "log_state",
    }[m.process]
    k = len(m.coefficients)
    rows = [log_state, *(f"score_{name}" for name in m.coefficients)]
    rows += [f"m{i}_{j}" if (i, j) in m.pairs else "zero" for i in range(k) for j in range(i + 1)]
    rows += ["sum_u"] + [f"sum_{name}" if m.distribution != "normal" else "zero" for name in m.coefficients]
    shape = {"log_q": "fma(product_q_twos, ln2, logarithm(product_q))"}
    return rows + [shape.get(name, name) for name in _shape_sums(m)]


def kernel_source(process: str, p: int, q: int, distribution: str, outer: bool = False) -> str:
    """Write one kernel."""
    m = _Model(process, p, q, distribution, outer)
    strip = _strip(m)
    start = _prologue(m) + [f"{line.split(' ')[0]} = zero" for line in strip[::2]]
    if strip:
        start += ["ln2 = splat(0.6931471805599453)"]
    if m.p > 1:
        start += ["next_xm2 = xm2"] + (["next_f2 = zero"] if process == "egarch" else [])
    body = _recursion(m) + _standardise(m)
    body += _score_of_shapes(m) + _accumulate_outer(m) if outer else _density(m) + _accumulate(m)
    body += _shift(m)
    lines = ["", "", f"def {kernel_name(process, p, q, distribution, outer)}(returns, n_obs, theta, constants, sums):"]
    lines += [f'    """{process}({p}, {m.o}, {q}), {distribution} innovations."""']
    lines += [f"    {line}" for line in start]
    lines += ["    t = 0", "    stop = next_stop(n_obs, 0)", "    while t < stop:"]
    lines += ["        for t in range(t, stop):"] + [f"            {line}" for line in body]
    if strip:
        lines += ["            if t & 7 == 7:"] + [f"                {line}" for line in strip]
    lines += ["        # Hand out the sums of every lane that has come this far; longer ones write again later."]
    lines += ["        ended = less(load(n_obs, 0), splat(float(stop)))"]
    lines += [
        f"        store(sums, {row}, where(ended, load(sums, {row}), {value}))" for row, value in enumerate(_results(m))
    ]
    lines += ["        t = stop", "        stop = next_stop(n_obs, stop)"]
    return "\n".join(lines) + "\n"


def module_source(process: str, outer: bool = False) -> str:
    """Write the module of one process: a kernel for each pair of lag orders and each distribution."""
    body = "".join(
        kernel_source(process, p, q, distribution, outer) for p, q in ORDERS for distribution in DISTRIBUTIONS
    )
    tools = ("absolute", "exponent", "exponential", "fma", "less", "load", "logarithm", "mantissa", "next_stop",
             "splat", "square_root", "store", "where")  # fmt: skip
    names = "".join(f"    {tool},\n" for tool in tools if f"{tool}(" in body)
    return HEADER.format(process=process, names=f"(\n{names})") + body


def module_path(process: str, outer: bool = False) -> Path:
    """Name the generated file of a process."""
    return Path(__file__).parent / "kernels" / f"{process}{'_outer' if outer else ''}.py"


if __name__ == "__main__":
    for each in PROCESSES:
        for products in (False, True):
            module_path(each, products).write_text(module_source(each, products))
