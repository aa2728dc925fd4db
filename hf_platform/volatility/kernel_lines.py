"""The lines of a likelihood kernel: what each process and each distribution contributes to the time loop.

`kernel_generator.py` puts them together and says what a kernel computes. A process supplies the state and d_k, its
derivatives; a distribution psi z, psi / sigma and the sums of its shapes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

STRIDE: Final = 2  # every so many bars enter the expected information, which only steers the search


def _sum(terms: Sequence[tuple[str, str]], start: str | None = None) -> str:
    # start + sum of products, as nested fused multiply-adds.
    total = start
    for a, b in terms:
        total = f"{a} * {b}" if total is None else f"fma({a}, {b}, {total})"
    return total if total is not None else "zero"


@dataclass(frozen=True, slots=True)
class Model:
    """What one kernel is for."""

    process: str
    p: int
    q: int
    distribution: str
    outer: bool = False  # sum outer products of scores instead of scores and information

    @property
    def o(self) -> int:
        """The asymmetric order."""
        return 0 if self.process == "garch" else 1

    @property
    def coefficients(self) -> list[str]:
        """Parameters of mean and process in arch's order, as variable names."""
        alphas = [f"a{i}" for i in range(1, self.p + 1)]
        betas = [f"b{j}" for j in range(1, self.q + 1)]
        return ["mu", "w", *alphas, *(["g1"] if self.o else []), *betas]

    @property
    def state_lags(self) -> int:
        """How many lags of the derivative of the state enter the next one."""
        return max(self.p, self.q) if self.process == "egarch" else self.q

    @property
    def shapes(self) -> list[str]:
        """Parameters of the distribution, as variable names."""
        return {"normal": [], "t": ["nu"], "skewt": ["nu", "lam"], "ged": ["nu"]}[self.distribution]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Cells of the information matrix that are summed.

        For the symmetric process those between the mean and the others have expectation zero and are left out.
        """
        k = len(self.coefficients)
        cells = [(i, j) for i in range(k) for j in range(i + 1)]
        return [(i, j) for i, j in cells if self.process != "garch" or j > 0 or i == 0]


def prologue(m: Model) -> list[str]:
    """Load parameters and constants, and set all states and sums to their start."""
    names = m.coefficients
    lines = [f"{name} = load(theta, {i})" for i, name in enumerate(names)]
    lines += ["zero = splat(0.0)", "one = splat(1.0)", "half = splat(0.5)"]
    lines += ["presample = load(constants, 0)", "presample_slope = load(constants, 1)"]
    if m.process in ("garch", "gjr"):
        lines += [f"m2a{i} = a{i} * splat(-2.0)" for i in range(1, m.p + 1)]
        lines += ["m2g1 = g1 * splat(-2.0)"] if m.o else []
    if m.process == "egarch":
        lines += ["mean_abs = splat(0.7978845608028654)  # E|z| of a normal, whatever the distribution, as in arch"]
        lines += ["rise = g1 + a1  # slope of the shock where z > 0", "fall = g1 - a1", "expected = a1 * mean_abs"]
        lines += [f"half_a{i} = a{i} * splat(-0.5)" for i in range(2, m.p + 1)]
    lines += {
        "normal": ["factor = one"],
        "t": [
            "k2 = load(constants, 3)  # 1 / (nu - 2)",
            "factor = load(constants, 2) * k2  # (nu + 1) / (nu - 2)",
        ],
        "skewt": [
            "a_ = load(constants, 2)  # Hansen's a and b",
            "b_ = load(constants, 3)",
            "left = load(constants, 4)  # 1 / (1 - lambda)",
            "right = load(constants, 5)  # 1 / (1 + lambda)",
            "k2 = load(constants, 6)  # 1 / (eta - 2)",
            "factor = load(constants, 7)  # b (eta + 1) / (eta - 2)",
        ],
        "ged": [
            "power = load(constants, 2)  # nu / 2 - 1",
            "scale = load(constants, 3)  # c ** -nu",
            "factor = load(constants, 4)  # nu / 2",
            "tiny = splat(1e-60)  # |z|**nu is taken at |z| = 1e-30 when an innovation is exactly zero",
        ],
    }[m.distribution]
    if m.outer:
        lines += [f"shape{row} = load(constants, {row})" for row in range(8, 8 + _N_OUTER_CONSTANTS[m.distribution])]
    return lines + _initial_states(m)


_N_OUTER_CONSTANTS: Final = {"normal": 0, "t": 2, "skewt": 7, "ged": 2}


def _initial_states(m: Model) -> list[str]:
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
        lines += ["shock1 = zero"] + [f"f{i} = zero" for i in range(1, m.p + 1)]
    lines += [f"s{j} = presample" for j in range(1, max(m.q, 1) + 1)]
    for name in m.coefficients:
        start = "presample_slope" if name == "mu" else "zero"
        lines += [f"d_{name}{j} = {start}" for j in range(1, m.state_lags + 1)]
    if m.outer:
        n = len(m.coefficients) + len(m.shapes)
        return lines + [f"b{i}_{j} = zero" for i in range(n) for j in range(i + 1)]
    sums = [*(f"score_{name}" for name in m.coefficients), "sum_psi_z", "sum_psi_sigma", *_shape_sums(m)]
    sums += [f"m{i}_{j}" for i, j in m.pairs] + _sampled_sums(m)
    running = products(m)
    lines += [f"{name} = one" for name in running] + [f"{name}_twos = zero" for name in running]
    return lines + [f"{name} = zero" for name in (["log_state"] if m.process == "egarch" else []) + sums]


def products(m: Model) -> list[str]:
    """Name the running products whose logs enter the likelihood: of the state, and of what the tails add."""
    return (["product"] if m.process != "egarch" else []) + (["product_q"] if m.distribution in ("t", "skewt") else [])


def _shape_sums(m: Model) -> list[str]:
    return {"normal": [], "t": [], "skewt": ["sum_k", "sum_kys"], "ged": ["sum_m_log"]}[m.distribution]


def _sampled_sums(m: Model) -> list[str]:
    # What the information needs besides the products of l.
    shapes = [f"sum_{name}" for name in m.coefficients] if m.distribution != "normal" else []
    return ["sum_u", *shapes, *(["sum_inverse"] if m.distribution == "skewt" else [])]


def recursion(m: Model) -> list[str]:
    """Write the next state s (variance, volatility or log variance) and d_k = ds / d theta_k."""
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
    states = [(f"b{j}", f"s{j}") for j in range(m.q, 0, -1)]
    if m.process == "egarch":
        # The shock of the last bar, which everything waits for, comes in last.
        older = [(f"a{i}", f"x{i}") for i in range(2, m.p + 1)]
        lines += [f"s = {_sum(older + states, 'w')} + shock1"]
    else:
        terms = [(f"a{i}", f"x{i}") for i in range(1, m.p + 1)] + ([("g1", "y1")] if m.o else [])
        lines += [f"s = {_sum(terms + states, 'w')}"]
    return [*lines, "e = load(returns, t) - mu"]


def standardise(m: Model) -> list[str]:
    """Write u = 1 / sigma^2 or 1 / sigma, psi z and psi / sigma from the state."""
    # From the state to u = 1 / sigma^2 or 1 / sigma, psi z and psi / sigma. Heavy tails share one division with 1 + q,
    # `big` is sigma^2 (1 + q).
    if m.process == "egarch":
        return ["inverse = inverse_volatility(s)", "z = e * inverse", *_density_of_z(m)]
    volatility = m.process == "tarch"
    inverse = "inverse" if volatility else "u"
    if m.distribution in ("normal", "ged"):
        lines = [f"{inverse} = one / s"] + (["u = inverse * inverse"] if volatility else [])
        if m.distribution == "normal":
            return [*lines, "psi_sigma = e * u", "psi_z = e * psi_sigma"]
        return [*lines, "eu = e * u", "z2 = fma(e, eu, tiny)", *_POWER_OF_Z, "psi_sigma = tail * eu"]
    variance, sigma = ("s * s", "s") if volatility else ("s", "square_root(s)")
    if m.distribution == "t":
        lines = [f"big = fma(e * e, k2, {variance})"]
    else:
        lines = [f"sigma = {sigma}", "yb = fma(b_, e, a_ * sigma)", "side = where(less(yb, zero), left, right)"]
        lines += ["ys = yb * side", f"big = fma(ys * ys, k2, {variance})"]
    lines += ["both = one / (s * big)", f"{inverse} = both * big"]
    pull = "e" if m.distribution == "t" else "ys * side"
    lines += [f"psi_sigma = {pull} * (both * s)", "psi_z = e * psi_sigma"]
    return lines if m.distribution == "t" else [*lines, "k = psi_sigma * sigma", "ky = psi_sigma * ys"]


_POWER_OF_Z: Final = ("log_z2 = logarithm(z2)", "tail = scale * exponential(power * log_z2)", "psi_z = tail * z2")


def _density_of_z(m: Model) -> list[str]:
    return {
        "normal": ["psi_z = z * z", "psi_sigma = z * inverse"],
        "t": ["one_q = fma(z * z, k2, one)", "zq = z / one_q", "psi_z = z * zq", "psi_sigma = zq * inverse"],
        "skewt": ["yb = fma(b_, z, a_)", "side = where(less(yb, zero), left, right)", "y = yb * side",
                  "one_q = fma(y * y, k2, one)", "k = y * side / one_q", "psi_z = k * z", "psi_sigma = k * inverse",
                  "ky = k * y"],
        "ged": ["z2 = fma(z, z, tiny)", *_POWER_OF_Z, "psi_sigma = tail * z * inverse"],
    }[m.distribution]  # fmt: skip


_SIGNED_KY: Final = "kys = where(less(yb, zero), zero - ky, ky)"


def scores_of_shapes(m: Model) -> list[str]:
    """Write the score of one bar by each shape, from the constants of `scoring.place_outer_shapes`."""
    if m.distribution == "normal":
        return []
    if m.distribution == "ged":
        return ["v_nu = fma(psi_z, fma(splat(-0.25), log_z2, shape9), shape8)"]
    lines = [] if m.process == "egarch" else [f"one_q = big * {'inverse * inverse' if m.process == 'tarch' else 'u'}"]
    slope = "shape9 * k2" if m.distribution == "t" else "shape9"
    lines += [f"v_nu = fma(splat(-0.5), logarithm(one_q), fma({slope}, psi_z, shape8))"]
    if m.distribution == "t":
        return lines
    return [*lines, "v_nu = fma(shape10, k, v_nu)", _SIGNED_KY,
            "v_lam = fma(shape14, kys, fma(shape13, k, fma(shape12, psi_z, shape11)))"]  # fmt: skip


def _turned(m: Model, value: str) -> str:
    # A value times l_k / d_k; for a volatility times half of it.
    return {"garch": f"{value} * u", "gjr": f"{value} * u", "tarch": f"{value} * inverse", "egarch": value}[m.process]


def accumulate_outer(m: Model) -> list[str]:
    """Add the outer product of one bar's score."""
    names = m.coefficients
    halves = ("factor", "one") if m.process == "tarch" else ("half * factor", "half")
    lines = [f"c = fma({halves[0]}, psi_z, zero - {halves[1]})", f"cd = {_turned(m, 'c')}"]
    lines += ["v_mu = fma(factor, psi_sigma, cd * d_mu)"] + [f"v_{name} = cd * d_{name}" for name in names[1:]]
    every = [*names, *m.shapes]
    return lines + [
        f"b{i}_{j} = fma(v_{every[i]}, v_{every[j]}, b{i}_{j})" for i in range(len(every)) for j in range(i + 1)
    ]


def accumulate(m: Model) -> list[str]:
    """Add one bar to likelihood and scores."""
    names = m.coefficients
    lines = ["sum_psi_z = sum_psi_z + psi_z", "sum_psi_sigma = sum_psi_sigma + psi_sigma"]
    lines += {"skewt": [_SIGNED_KY, "sum_k = sum_k + k", "sum_kys = sum_kys + kys"],
              "ged": ["sum_m_log = fma(psi_z, log_z2, sum_m_log)"]}.get(m.distribution, [])  # fmt: skip
    lines += ["c = psi_z - one" if m.distribution == "normal" else "c = fma(factor, psi_z, zero - one)"]
    lines += [f"cd = {_turned(m, 'c')}"] + [f"score_{name} = fma(cd, d_{name}, score_{name})" for name in names]
    if m.distribution in ("t", "skewt"):
        lines += [f"product_q = product_q * {'one_q' if m.process == 'egarch' else 'big'}"]
    return [*lines, "log_state = log_state + s" if m.process == "egarch" else "product = product * s"]


def sample(m: Model) -> list[str]:
    """Add one bar to the sums for the expected information."""
    names = m.coefficients
    turn = {"garch": "u * ", "gjr": "u * ", "tarch": "two_inverse * ", "egarch": ""}[m.process]
    lines = ["two_inverse = inverse + inverse"] if m.process == "tarch" else []
    lines += [f"l_{name} = {turn}d_{name}" for name in names]
    lines += [f"m{i}_{j} = fma(l_{names[i]}, l_{names[j]}, m{i}_{j})" for i, j in m.pairs]
    lines += ["sum_u = sum_u + u" if m.process in ("garch", "gjr") else "sum_u = fma(inverse, inverse, sum_u)"]
    if m.distribution != "normal":
        lines += [f"sum_{name} = sum_{name} + l_{name}" for name in names]
    if m.distribution == "skewt":
        lines += [f"sum_inverse = sum_inverse + {'sigma * u' if m.process in ('garch', 'gjr') else 'inverse'}"]
    return lines


def shift(m: Model) -> list[str]:
    """Move every lag by one bar. What a second ARCH lag needs of this bar waits one bar as `next_...`."""
    lines = [f"x{i} = x{i - 1}" for i in range(m.p, 1, -1)]
    lines += ["xm2 = next_xm2"] if m.p > 1 else []
    lines += ["f2 = next_f2"] if m.p > 1 and m.process == "egarch" else []
    if m.process == "egarch":
        lines += ["size = absolute(z)", "x1 = size - mean_abs", "y1 = z", "falls = less(e, zero)"]
        lines += ["shock1 = fma(where(falls, fall, rise), z, zero - expected)  # a1 (|z| - E|z|) + g1 z"]
        lines += ["f1 = splat(-0.5) * (shock1 + expected)"]
        lines += ["xm1 = where(falls, zero - fall, zero - rise) * inverse"]
        second = ["next_f2 = half_a2 * size", "next_xm2 = where(falls, a2, zero - a2) * inverse"]
    elif m.process == "tarch":
        lines += ["x1 = absolute(e)", "y1 = where(less(e, zero), x1, zero)"]
        lines += ["xm1 = where(less(e, zero), a1 + g1, zero - a1)"]
        second = ["next_xm2 = where(less(e, zero), a2, zero - a2)"]
    else:
        lines += ["x1 = e * e"]
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


def strip(m: Model) -> list[str]:
    """Move the exponents out of the running products, every eight bars, so that one log at the end is enough."""
    return [
        line
        for name in products(m)
        for line in (f"{name}_twos = {name}_twos + exponent({name})", f"{name} = mantissa({name})")
    ]


def closing(m: Model) -> list[str]:
    """Write the logs of variances and of 1 + q summed over bars, and the weight of the sampled bars."""
    logs = {name: f"fma({name}_twos, ln2, logarithm({name}))" for name in products(m)}
    lines = ["ln2 = splat(0.6931471805599453)"] if logs else []
    if "product" in logs:
        lines += [f"log_state = {'splat(2.0) * ' if m.process == 'tarch' else ''}{logs['product']}"]
    if "product_q" in logs:
        lines += [f"log_q = {logs['product_q']}" + (" - log_state" if "product" in logs else "")]
    lines += [f"thinned = splat(float(stop) / float((stop + {STRIDE - 1}) // {STRIDE}))  # bars to bars sampled"]
    return lines


def results(m: Model) -> list[str]:
    """Give the rows of `sums`, in the order that `scoring.py` reads them."""
    if m.outer:
        n = len(m.coefficients) + len(m.shapes)
        return [f"b{i}_{j}" for i in range(n) for j in range(i + 1)]
    k, scale = len(m.coefficients), "" if m.process == "tarch" else "half * "
    rows = ["log_state", f"fma(factor, sum_psi_sigma, {scale}score_mu)"]
    rows += [f"{scale}score_{name}" for name in m.coefficients[1:]]
    rows += [f"thinned * m{i}_{j}" if (i, j) in m.pairs else "zero" for i in range(k) for j in range(i + 1)]
    rows += ["thinned * sum_u"]
    rows += [f"thinned * sum_{name}" if m.distribution != "normal" else "zero" for name in m.coefficients]
    return (
        rows
        + {
            "normal": ["sum_psi_z"],
            "t": ["log_q", "k2 * sum_psi_z"],
            "skewt": ["log_q", "sum_k", "sum_psi_z", "sum_kys", "thinned * sum_inverse"],
            "ged": ["sum_psi_z", "sum_m_log"],
        }[m.distribution]
    )
