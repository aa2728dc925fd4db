"""Take an N-BEATS forecast apart: random walk, trend and seasonality, along the whole path."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from dataclasses import dataclass
from typing import Any

import numpy as np

from hf_platform.models.base import Fitted, Series
from hf_platform.models.families.nbeats import NBeatsFamily
from hf_platform.models.neural.quantile_family import base_quantiles, sizes_of
from hf_platform.models.neural.tensors import WEIGHTS_FILE, from_bytes
from hf_platform.models.neural.windows import floor_of, paths_at
from hf_platform.types import PROBABILITIES, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The median forecast of one origin, by component.

    Parameters
    ----------
    random_walk, trend, seasonality : float64 array, shape (n_steps,)
        Log return since the origin that each component forecasts [decimal].
    forecast : float64 array, shape (n_steps,)
        Their sum, before quantiles are sorted.
    window : float64 array, shape (lookback,)
        Log price minus that at the origin [decimal].
    explained : dict of str to float64 array, shape (lookback,)
        What each stack says of the window; with `residual` they add up to it.
    residual : float64 array, shape (lookback,)
    """

    random_walk: FloatArray
    trend: FloatArray
    seasonality: FloatArray
    forecast: FloatArray
    window: FloatArray
    explained: dict[str, FloatArray]
    residual: FloatArray


def decompose(family: NBeatsFamily, fitted: Fitted, series: Series, index: int) -> Parts:
    """Take the forecast at one bar apart.

    Parameters
    ----------
    family : NBeatsFamily
    fitted : Fitted
    series : Series
    index : int
        The origin.
    """
    import torch

    task = fitted.task
    sizes = sizes_of(task.horizon)
    module: Any = family.tuned(task).restore(from_bytes(fitted.state[WEIGHTS_FILE]), sizes, "cpu")
    floor = floor_of(task.series, task.start, task.stop)
    path = paths_at(series.log_return, np.array([index], dtype=np.int64), sizes.lookback, sizes.n_steps, floor)
    with torch.no_grad():
        found = module.decompose(torch.from_numpy(path.values))
    unit, median = float(path.unit[0]), PROBABILITIES.index(0.5)
    walk = base_quantiles(sizes)[:, median] * unit
    stacks = {name: part[0, :, median].numpy() * unit for name, part in found.forecasts.items()}
    return Parts(
        random_walk=walk,
        trend=stacks["trend"],
        seasonality=stacks["seasonality"],
        forecast=walk + stacks["trend"] + stacks["seasonality"],
        window=path.values[0] * unit,
        explained={name: part[0].numpy() * unit for name, part in found.backcasts.items()},
        residual=found.residual[0].numpy() * unit,
    )


def picture(parts: Parts, title: str) -> bytes:
    """Draw a decomposition as PNG: window and what explains it on the left, the path ahead on the right."""
    import io

    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    past = np.arange(-parts.window.size + 1, 1)
    left.plot(past, parts.window, color="black", linewidth=1, label="log price")
    for name, values in parts.explained.items():
        left.plot(past, values, linewidth=1, label=name)
    ahead = np.arange(1, parts.forecast.size + 1)
    right.plot(ahead, parts.forecast, color="black", linewidth=1.5, label="forecast")
    right.plot(ahead, parts.trend, label="trend")
    right.plot(ahead, parts.seasonality, label="seasonality")
    for axes, label in ((left, "bars before the origin"), (right, "bars ahead")):
        axes.set_xlabel(label)
        axes.legend(fontsize=7)
    figure.suptitle(title, fontsize=9)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
