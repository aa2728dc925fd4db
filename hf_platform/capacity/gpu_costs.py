"""What cards cost for so many models a day: the guide's formula, and one that knows about time.

The guide divides memory by 5 GB and calls the quotient models per *day*: a card that trains in minutes
is bought as if each model occupied its memory until midnight. It also rounds the number of cards down,
so that its fleets cannot hold the models they are bought for. Both functions are here, side by side.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hf_platform.capacity.prices import Accelerator, Prices
from hf_platform.errors import ConfigError

MODEL_GB: Final = 5.0  # memory of one model in the guide


@dataclass(frozen=True, slots=True)
class GuideFleet:
    """What the guide's own code answers.

    Parameters
    ----------
    card : str
    models_per_card : int
        Memory over memory per model, rounded down.
    n_cards : int
        Models over models per card, rounded DOWN, as in the guide.
    cost_usd : float
    performance_per_dollar : float
        Score times models per card over price.
    models_short : int
        Models that the rounded-down fleet has no room for.
    """

    card: str
    models_per_card: int
    n_cards: int
    cost_usd: float
    performance_per_dollar: float
    models_short: int


@dataclass(frozen=True, slots=True)
class Fleet:
    """Cards that train the models in the time there is.

    Parameters
    ----------
    card : str
    concurrent : int
        Models that fit into one card's memory at once.
    models_per_hour : float
        Of one card.
    n_cards : int
        Rounded up.
    price_usd : float
        Of all cards.
    kilowatts : float
        Of all cards under load.
    hours : float
        Until the last model is done.
    usd_per_day : float
        Depreciation of a whole day, and power for the busy hours.
    usd_per_model : float
    budget_use : float or None
        Price over budget; None without a budget.
    """

    card: str
    concurrent: int
    models_per_hour: float
    n_cards: int
    price_usd: float
    kilowatts: float
    hours: float
    usd_per_day: float
    usd_per_model: float
    budget_use: float | None


def guide_fleets(prices: Prices, models_per_day: int, *, model_gb: float = MODEL_GB) -> list[GuideFleet]:
    """Answer as the guide's cost calculator does, best performance per dollar first.

    Notes
    -----
    Kept to be compared with: it ignores time and rounds cards down (26 x 38 = 988 < 1,000).
    """
    rows: list[GuideFleet] = []
    for name, card in prices.accelerators.items():
        each = math.floor(card.memory_gb / model_gb)
        if each == 0:
            continue
        n_cards = models_per_day // each
        value = card.score * each / card.price_usd
        short = models_per_day - n_cards * each
        rows.append(GuideFleet(name, each, n_cards, n_cards * card.price_usd, value, short))
    return sorted(rows, key=lambda row: -row.performance_per_dollar)


def fleet(
    prices: Prices,
    card: str,
    n_models: int,
    *,
    seconds_per_model: float,
    hours: float = 24.0,
    model_gb: float = MODEL_GB,
    budget_usd: float | None = None,
) -> Fleet | None:
    """Count the cards of one kind that train `n_models` within `hours`.

    Parameters
    ----------
    prices : Prices
    card : str
        Name in the price table.
    n_models : int
    seconds_per_model : float
        On a card of score 1, with as many models at once as its memory holds [s].
    hours : float
        Time there is.
    model_gb : float
        Memory of one model.
    budget_usd : float, optional
        For `budget_use`; does not limit the answer.

    Returns
    -------
    Fleet or None
        None where one model is larger than the card, or takes longer than there is time.

    Raises
    ------
    ConfigError
        If a number is not positive.
    """
    for word, value in (("models", n_models), ("seconds per model", seconds_per_model), ("hours", hours)):
        if not value > 0:
            raise ConfigError(f"{word} must be positive, found {value}. Give a larger number.")
    spec = prices.accelerators[card]
    concurrent = math.floor(spec.memory_gb / model_gb)
    batch_seconds = seconds_per_model / spec.score
    rounds = math.floor(hours * 3_600 / batch_seconds)
    if concurrent == 0 or rounds == 0:
        return None
    n_cards = math.ceil(n_models / (concurrent * rounds))
    busy = math.ceil(n_models / (concurrent * n_cards)) * batch_seconds / 3_600
    usd_per_day = n_cards * _usd_per_day(prices, spec, busy)
    return Fleet(
        card=card,
        concurrent=concurrent,
        models_per_hour=concurrent * 3_600 / batch_seconds,
        n_cards=n_cards,
        price_usd=n_cards * spec.price_usd,
        kilowatts=n_cards * spec.watts / 1_000,
        hours=busy,
        usd_per_day=usd_per_day,
        usd_per_model=usd_per_day / n_models,
        budget_use=None if budget_usd is None else n_cards * spec.price_usd / budget_usd,
    )


def recommend(fleets: Sequence[Fleet], budget_usd: float) -> list[Fleet]:
    """Keep the fleets that the budget buys, cheapest model first."""
    bought = [one for one in fleets if one.price_usd <= budget_usd]
    return sorted(bought, key=lambda one: (one.usd_per_model, one.price_usd, one.card))


def _usd_per_day(prices: Prices, card: Accelerator, busy_hours: float) -> float:
    standing = prices.usd_per_hour(card.price_usd, 0.0) * 24
    running = prices.usd_per_hour(card.price_usd, card.watts) - prices.usd_per_hour(card.price_usd, 0.0)
    return standing + running * busy_hours
