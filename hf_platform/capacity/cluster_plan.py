"""How many machines of which kind finish so many models in time, and what that costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hf_platform.capacity.measured import Measured
from hf_platform.capacity.prices import Node, Prices
from hf_platform.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Option:
    """Machines of one kind that meet the deadline.

    Parameters
    ----------
    kind : str
        Node in the price table.
    n_nodes : int
        Rounded up.
    hours : float
        Until the last model is done.
    price_usd : float
        Of all nodes.
    kilowatts : float
        Of all nodes under load, without the room.
    kwh : float
        Energy of one run at the meter.
    usd_per_run : float
        One run a day: a day's depreciation of all nodes, and power for the busy hours.
    usd_per_model : float
    budget_use : float or None
        Price over budget; None without a budget.
    limited_by : str
        `cores` or `accelerators`: what decides the number of nodes.
    """

    kind: str
    n_nodes: int
    hours: float
    price_usd: float
    kilowatts: float
    kwh: float
    usd_per_run: float
    usd_per_model: float
    budget_use: float | None
    limited_by: str

    @property
    def is_affordable(self) -> bool:
        """Within the budget, or there is none."""
        return self.budget_use is None or self.budget_use <= 1


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """The work, and every kind of machine that can do it.

    Parameters
    ----------
    n_models : int
    deadline_hours : float
    core_seconds, accelerator_seconds : float
        The whole work on each kind of device [s].
    options : tuple of Option
        Affordable ones first, then by cost per model.
    impossible : dict of str to str
        Kinds that cannot do it, and why.
    """

    n_models: int
    deadline_hours: float
    core_seconds: float
    accelerator_seconds: float
    options: tuple[Option, ...]
    impossible: dict[str, str]


def plan_cluster(
    measured: Measured,
    prices: Prices,
    n_models: int,
    deadline_hours: float,
    *,
    budget_usd: float | None = None,
    kinds: Sequence[str] = (),
) -> ClusterPlan:
    """Plan machines for `n_models` in the mix of families that was measured.

    Parameters
    ----------
    measured : Measured
        Times, and how well threads were used; scaling to more machines is taken to be linear, since
        chunks of models share nothing.
    prices : Prices
    n_models : int
    deadline_hours : float
    budget_usd : float, optional
        For machines, not for running them.
    kinds : sequence of str
        Nodes to look at; all of the price table by default.

    Raises
    ------
    ConfigError
        If a number is not positive.
    UnknownNameError
        If a kind is not in the table.
    """
    numbers = (("models", n_models), ("deadline", deadline_hours), ("budget", 1 if budget_usd is None else budget_usd))
    for word, value in numbers:
        if not (math.isfinite(value) and value > 0):
            raise ConfigError(f"{word} must be a positive number, found {value}. Give a larger one.")
    total = sum(one.n_models for one in measured.families)
    share = {one: n_models * one.n_models / total for one in measured.families}
    cores = sum(n * (one.core_seconds + measured.graph_seconds) for one, n in share.items())
    cards = sum(n * one.fit_seconds for one, n in share.items() if one.device != "cpu")
    longest = max(one.fit_seconds for one in measured.families)
    options: list[Option] = []
    impossible: dict[str, str] = {}
    for kind in kinds or prices.nodes:
        node = prices.node(kind)
        if cards > 0 and node.accelerator is None:
            impossible[kind] = "some of the families were measured on an accelerator only, and it has none"
        elif longest > deadline_hours * 3_600:
            impossible[kind] = f"one model alone takes {longest:.0f} s"
        else:
            needs = (cores / (node.cores * measured.efficiency), cards / max(node.n_accelerators, 1))
            # A hair of tolerance: work that fills the time exactly must not buy a machine for a rounding error.
            n_nodes = max(1, math.ceil(max(needs) / (deadline_hours * 3_600) - 1e-9))
            limited_by = "accelerators" if needs[1] > needs[0] else "cores"
            cost = _cost(node, prices, n_nodes, max(needs) / n_nodes / 3_600)
            budget_use = None if budget_usd is None else cost["price_usd"] / budget_usd
            per_model = cost["usd_per_run"] / n_models
            options.append(
                Option(kind, n_nodes, **cost, usd_per_model=per_model, budget_use=budget_use, limited_by=limited_by)
            )
    options.sort(key=lambda one: (not one.is_affordable, one.usd_per_model, one.price_usd, one.kind))
    return ClusterPlan(n_models, deadline_hours, cores, cards, tuple(options), impossible)


def _cost(node: Node, prices: Prices, n_nodes: int, hours: float) -> dict[str, float]:
    kilowatts = n_nodes * node.watts / 1_000
    kwh = kilowatts * hours * prices.running.power_usage_effectiveness
    depreciation = n_nodes * prices.usd_per_hour(node.price_usd, 0.0) * 24
    return {
        "hours": hours,
        "price_usd": n_nodes * node.price_usd,
        "kilowatts": kilowatts,
        "kwh": kwh,
        "usd_per_run": depreciation + kwh * prices.running.usd_per_kwh,
    }
