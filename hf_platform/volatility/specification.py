"""What to fit: the closed choices of process, distribution, mean and lag orders, and the parameter layout."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, get_args

from hf_platform.errors import ConfigError

Process = Literal["garch", "gjr", "tarch", "egarch"]
DistributionName = Literal["normal", "t", "skewt", "ged"]
Mean = Literal["constant", "zero"]
Presample = Literal["backcast", "sample"]

PROCESSES: Final[tuple[str, ...]] = get_args(Process)
DISTRIBUTIONS: Final[tuple[str, ...]] = get_args(DistributionName)
SHAPE_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "normal": (), "t": ("nu",), "skewt": ("eta", "lambda"), "ged": ("nu",),
}  # fmt: skip


class FitStatus(StrEnum):
    """How the fit of one series ended. A converged fit on the boundary is `OK`, with `at_boundary` set."""

    OK = "ok"
    NOT_CONVERGED = "not_converged"
    UNBOUNDED_LIKELIHOOD = "unbounded_likelihood"
    CONSTANT_SERIES = "constant_series"
    TOO_SHORT = "too_short"
    NON_FINITE = "non_finite"


def _one_of(rule: str, found: object, known: tuple[str, ...]) -> None:
    if found not in known:
        raise ConfigError(f"{rule} must be one of {', '.join(known)}, found {found!r}. Choose one of them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GarchSpec:
    """A univariate volatility model.

    Parameters
    ----------
    process : {"garch", "gjr", "tarch", "egarch"}
        Bollerslev's GARCH; Glosten, Jagannathan and Runkle's asymmetric one; Zakoian's threshold model of the
        volatility (power 1); Nelson's model of the log variance.
    p, o, q : int
        Lags of the symmetric shock (1 or 2), of the asymmetric shock (`None` means 0 for garch, 1 otherwise) and
        of the past state (0, 1 or 2).
    distribution : {"normal", "t", "skewt", "ged"}
        Standardised innovations; skewt is Hansen's.
    mean : {"constant", "zero"}

    Raises
    ------
    ConfigError
        If a name or an order is outside these choices.

    References
    ----------
    Bollerslev, T. (1986). Generalized Autoregressive Conditional Heteroskedasticity. J. Econometrics 31, 307-327.
    Glosten, L., Jagannathan, R., Runkle, D. (1993). On the Relation between the Expected Value and the Volatility
    of the Nominal Excess Return on Stocks. Journal of Finance 48, 1779-1801.
    Zakoian, J.-M. (1994). Threshold Heteroskedastic Models. J. Economic Dynamics and Control 18, 931-955.
    Nelson, D. (1991). Conditional Heteroskedasticity in Asset Returns. Econometrica 59, 347-370.
    Hansen, B. (1994). Autoregressive Conditional Density Estimation. International Economic Review 35, 705-730.
    """

    process: Process = "garch"
    p: int = 1
    o: int | None = None
    q: int = 1
    distribution: DistributionName = "normal"
    mean: Mean = "constant"

    def __post_init__(self) -> None:
        """Refuse what the kernels do not know."""
        _one_of("process", self.process, PROCESSES)
        _one_of("distribution", self.distribution, DISTRIBUTIONS)
        _one_of("mean", self.mean, ("constant", "zero"))
        if self.p not in (1, 2) or self.q not in (0, 1, 2):
            raise ConfigError(
                f"orders must satisfy p in 1..2 and q in 0..2, found p={self.p!r}, q={self.q!r}. "
                "Take a smaller model; for higher orders use the arch package."
            )
        wanted = 0 if self.process == "garch" else 1
        if self.o is None:
            object.__setattr__(self, "o", wanted)
        elif self.o != wanted:
            raise ConfigError(
                f"{self.process} takes o={wanted}, found o={self.o!r}. "
                "Use gjr, tarch or egarch for asymmetry and garch without it."
            )

    @property
    def n_asymmetric(self) -> int:
        """The order `o` with its default filled in."""
        return self.o or 0

    @property
    def param_names(self) -> tuple[str, ...]:
        """Parameter names in the order of the arch package."""
        alphas = tuple(f"alpha[{i}]" for i in range(1, self.p + 1))
        gammas = tuple(f"gamma[{i}]" for i in range(1, self.n_asymmetric + 1))
        betas = tuple(f"beta[{j}]" for j in range(1, self.q + 1))
        mean = ("mu",) if self.mean == "constant" else ()
        return (*mean, "omega", *alphas, *gammas, *betas, *SHAPE_NAMES[self.distribution])

    @property
    def n_params(self) -> int:
        """Number of estimated parameters."""
        return len(self.param_names)

    @property
    def min_observations(self) -> int:
        """Below this many returns a fit is refused as `too_short`."""
        return max(40, 6 * self.n_params)
