"""Nets on an M4 panel: ES-RNN as in the competition, N-BEATS and PatchTST on windows of it."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from hf_platform.models.device import Asked
from hf_platform.models.m4 import M4Panel
from hf_platform.models.neural import memory, runtime
from hf_platform.models.neural.pinball import pinball
from hf_platform.models.neural.training_loop import Rows, TrainSpec, train
from hf_platform.types import FloatArray, IntArray

if TYPE_CHECKING:
    from torch import nn

# Seasons, dilations and width of the winner's submission; its percentile is a hair below the median.
_SEASONS: Final[dict[str, tuple[int, ...]]] = {"Quarterly": (4,), "Monthly": (12,), "Hourly": (24, 168)}
_DILATIONS: Final[dict[str, tuple[tuple[int, ...], ...]]] = {
    "Yearly": ((1, 6),), "Quarterly": ((1, 2), (4, 8)), "Monthly": ((1, 3), (6, 12)), "Weekly": ((1, 52),),
    "Daily": ((1, 7), (14, 28)), "Hourly": ((1, 4), (24, 168)),
}  # fmt: skip
_WINDOW: Final = {"Yearly": 4, "Quarterly": 4, "Monthly": 12, "Weekly": 10, "Daily": 7, "Hourly": 24}
_PERCENTILE: Final = 0.49
_LONGEST: Final = {"Hourly": 1008, "Daily": 500, "Weekly": 520, "Monthly": 324, "Quarterly": 160, "Yearly": 60}


@dataclass(frozen=True, slots=True, kw_only=True)
class M4Options:
    """How long to train.

    Parameters
    ----------
    epochs : int
        Passes of ES-RNN over all series; the window nets take `steps` minibatches.
    steps : int
    members : int
        Nets that differ by seed; the forecast is their median.
    batch : int
        Series, or windows, in a minibatch; the memory plan may take fewer.
    device : {"auto", "cpu", "cuda"}
    seed : int
    """

    epochs: int = 37
    steps: int = 2000
    members: int = 3
    batch: int = 64
    device: Asked = "auto"
    seed: int = 0


def forecast(panel: M4Panel, method: str, options: M4Options) -> tuple[list[FloatArray], memory.MemoryPlan]:
    """Train a method on all series of a panel and forecast each; the newest horizon of training never judges.

    Returns
    -------
    forecasts : list of float64 array, shape (horizon,)
    plan : MemoryPlan
        With the rows that went through.
    """
    run = _es_rnn if method == "es_rnn" else _window_net
    found = [run(panel, method, options, member) for member in range(options.members)]
    stacked = np.median(np.stack([forecasts for forecasts, _ in found]), axis=0)
    return list(stacked), found[-1][1]


def _es_rnn(panel: M4Panel, method: str, options: M4Options, member: int) -> tuple[FloatArray, memory.MemoryPlan]:

    from hf_platform.models.neural.layers.es_rnn import EsRnn, EsRnnShapes

    horizon = panel.protocol.horizon
    values, first = _aligned([np.log(train) for train in panel.train], _LONGEST[panel.frequency])
    n_series, n_times = values.shape
    shapes = EsRnnShapes(
        n_series=n_series, lookback=_WINDOW[panel.frequency], n_steps=horizon, n_outputs=1,
        periods=tuple(p for p in _SEASONS.get(panel.frequency, ()) if 2 * p < n_times), units=40,
        dilations=_DILATIONS[panel.frequency], level=0.5,
    )  # fmt: skip
    device = runtime.device_of(options.device)
    planned = memory.plan(n_times * (4 * shapes.units + 2 * horizon), options.batch, memory.free_bytes(device))
    targets = _paths_ahead(values, first, horizon, warm=max(shapes.periods, default=1))

    def attempt(rows: int) -> FloatArray:
        with runtime.seeded(options.seed + member):
            net = EsRnn(shapes).to(device)
            _start_seasons(net, values, first)
            _fit_sequences(net, values, targets, rows, options)
            return _last_forecasts(net.eval(), values, rows)

    found, rows = memory.split_until_it_fits(attempt, planned.rows)
    return np.exp(found + values[:, -1:]), memory.MemoryPlan(
        rows, planned.predicted * rows // planned.rows, planned.free
    )


def _aligned(series: Sequence[FloatArray], longest: int) -> tuple[FloatArray, IntArray]:
    """Align series at their ends, at most so long; in front of a shorter one its first season is repeated."""
    length = min(longest, max(own.size for own in series))
    values = np.empty((len(series), length))
    first = np.empty(len(series), dtype=np.int64)
    for row, own in enumerate(series):
        cut = own[-length:]
        first[row] = length - cut.size
        values[row, first[row] :] = cut
        values[row, : first[row]] = cut[0]
    return values, first


def _paths_ahead(values: FloatArray, first: IntArray, horizon: int, warm: int) -> NDArray[np.float32]:
    """Paths after each time, (n_series, n_times, horizon) minus the value there; NaN beyond the data or too early."""
    n_times = values.shape[1]
    found = np.full((*values.shape, horizon), np.nan, dtype=np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(values, horizon, axis=1)
    found[:, : n_times - horizon] = windows[:, 1:] - values[:, : n_times - horizon, None]
    for row, start in enumerate(first):
        early = min(int(start) + warm, n_times - horizon - 1)
        found[row, :early] = np.nan
    return found


def _start_seasons(net: Any, values: FloatArray, first: IntArray) -> None:  # noqa: ANN401  # torch is lazy
    """Start each season from what the data say of it: gradients alone would take long to get there."""
    import torch

    left = values
    with torch.no_grad():
        for period, initial in zip(net.smoothing.periods, net.smoothing.initial, strict=True):
            own = phase_means(left, first, period)
            left = left - own[:, np.arange(values.shape[1]) % period]
            initial.copy_(torch.from_numpy(own).to(initial))


def phase_means(values: FloatArray, first: IntArray, period: int) -> FloatArray:
    """Estimate the season of each series: mean deviations from a centred moving average, shrunk.

    Parameters
    ----------
    values : float64 array, shape (n_series, n_times)
    first : int64 array, shape (n_series,)
        First time of each series; what stands before is padding.
    period : int

    Returns
    -------
    float64 array, shape (n_series, period)
        By number of the time modulo the period. Phases that differ by no more than their own noise, as those of a
        week do after three weeks of a random walk, shrink to zero (positive-part James-Stein).

    References
    ----------
    Efron, B. and Morris, C. (1973). Stein's Estimation Rule and Its Competitors. JASA 68, 117-130.
    """
    kernel = np.full(period + 1, 1.0 / period)  # an even period has no middle: half weights at either end
    kernel[[0, -1]] /= 2.0
    if period % 2:
        kernel = np.full(period, 1.0 / period)
    half = kernel.size // 2
    found = np.zeros((values.shape[0], period))
    for row, start in enumerate(first):
        own = values[row, start:]
        if own.size < period + 2 * half:
            continue
        deviation = own[half : own.size - half] - np.convolve(own, kernel, mode="valid")
        phase = (start + half + np.arange(deviation.size)) % period
        count = np.maximum(np.bincount(phase, minlength=period), 1)
        mean = np.bincount(phase, deviation, minlength=period) / count
        spread = float(np.square(deviation - mean[phase]).sum()) / max(deviation.size - period, 1)
        noise = spread * float((1.0 / count).mean())
        signal = float(np.square(mean).mean())
        found[row] = mean * max(0.0, 1.0 - noise / signal) if signal > 0.0 else 0.0
    return found


def _fit_sequences(
    net: "nn.Module", values: FloatArray, targets: NDArray[np.float32], rows: int, options: M4Options
) -> None:
    """Train, and end with the weights of the epoch that did best on the newest paths, the untrained ones included.

    A path that judges ends within the last horizon; none that trains does.
    """
    import torch

    from hf_platform.models.neural.layers.es_rnn import PathPredictor

    device = next(net.parameters()).device
    model = PathPredictor(net)  # pyright: ignore[reportArgumentType]
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    n_series, n_times, horizon = targets.shape
    n_steps = options.epochs * -(-n_series // rows)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=5e-3, total_steps=max(n_steps, 2))
    data = torch.from_numpy(values).float().to(device)
    split = max(1, n_times - 2 * horizon)
    training, judging = torch.from_numpy(targets.copy()), torch.from_numpy(targets.copy())
    training[:, split:], judging[:, :split] = torch.nan, torch.nan
    level = torch.tensor([_PERCENTILE], device=device)

    def loss_of(part: "torch.Tensor", goal: "torch.Tensor") -> "torch.Tensor":
        chosen = part.to(device)
        predicted = model(data[chosen], torch.ones_like(data[chosen]), chosen, torch.zeros_like(chosen))
        actual = goal[part].to(device)
        used = torch.isfinite(actual)
        return pinball(predicted[used], actual[used], level)

    def judged() -> float:
        parts = torch.arange(n_series).split(rows)
        with torch.no_grad():
            return sum(float(loss_of(part, judging)) * part.shape[0] for part in parts) / n_series

    best, kept = judged(), {name: value.clone() for name, value in net.state_dict().items()}
    for _ in range(options.epochs):
        for part in torch.randperm(n_series).split(rows):
            optimiser.zero_grad()
            loss_of(part, training).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        found = judged()
        if found < best:
            best, kept = found, {name: value.clone() for name, value in net.state_dict().items()}
    net.load_state_dict(kept)


def _last_forecasts(net: Any, values: FloatArray, rows: int) -> FloatArray:  # noqa: ANN401  # torch is lazy
    import torch

    device = next(net.parameters()).device
    found: list[torch.Tensor] = []
    with torch.no_grad():
        for part in torch.arange(values.shape[0]).split(rows):
            own = torch.from_numpy(values[part.numpy()]).float().to(device)
            encoded = net.encode(own, torch.ones_like(own), part.to(device), torch.zeros_like(part).to(device))
            found.append((encoded.center[:, -1] + net.paths(encoded.hidden[:, -1])[..., 0]).cpu())
    return torch.cat(found).numpy().astype(np.float64)


def _window_net(panel: M4Panel, method: str, options: M4Options, member: int) -> tuple[FloatArray, memory.MemoryPlan]:
    import torch

    from hf_platform.models.neural.quantile_family import QuantileNetFamily, Sizes
    from hf_platform.models.registry import get_family

    horizon = panel.protocol.horizon
    lookback = max(4 * horizon, 2 * panel.protocol.period, 16) if panel.frequency == "Hourly" else max(3 * horizon, 16)
    values, first = _aligned([np.log(train) for train in panel.train], _LONGEST[panel.frequency] + lookback)
    if values.shape[1] < lookback + 2 * horizon:
        lookback = max(8, values.shape[1] - 2 * horizon)
    inputs, targets, is_validation = _windows(values, first, lookback, horizon)
    family = cast("QuantileNetFamily", get_family(method))  # N-BEATS and PatchTST are
    sizes = Sizes(lookback, horizon, 1)
    device = runtime.device_of(options.device)
    planned = memory.plan(64 * lookback, 16 * options.batch, memory.free_bytes(device))
    spec = TrainSpec(
        steps=options.steps, batch=planned.rows, learning_rate=1e-3, check_every=max(1, options.steps // 20), patience=6
    )

    def attempt(rows: int) -> FloatArray:
        with runtime.seeded(options.seed + member):
            module = family.build(sizes).to(device)
            data = Rows([torch.from_numpy(inputs).to(device)], torch.from_numpy(targets).to(device), is_validation)
            goal = replace(spec, batch=rows)
            train(module, data, lambda found, actual: (found[..., 0] - actual).abs().mean(), goal)
            last = torch.from_numpy((values[:, -lookback:] - values[:, -1:]).astype(np.float32)).to(device)
            with torch.no_grad():
                return module(last)[..., 0].cpu().numpy().astype(np.float64)

    found, rows = memory.split_until_it_fits(attempt, planned.rows)
    return np.exp(found + values[:, -1:]), memory.MemoryPlan(
        rows, planned.predicted * rows // planned.rows, planned.free
    )


def _windows(
    values: FloatArray, first: IntArray, lookback: int, horizon: int
) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]":
    """Windows of log values minus their last one, and paths after them; the newest window of each series judges."""
    n_times = values.shape[1]
    ends = np.arange(lookback - 1, n_times - horizon)
    past = np.lib.stride_tricks.sliding_window_view(values, lookback, axis=1)[:, : ends.size]
    ahead = np.lib.stride_tricks.sliding_window_view(values, horizon, axis=1)[:, lookback:][:, : ends.size]
    is_newest = np.zeros((values.shape[0], ends.size), dtype=np.bool_)
    is_newest[:, -1] = True
    # What trains must not end inside the newest window's target.
    usable = is_newest | (ends[None, :] + horizon <= n_times - 1 - horizon)
    usable &= (ends[None, :] - lookback // 2 >= first[:, None]) | is_newest
    rows, columns = np.nonzero(usable)
    last = values[rows, ends[columns]][:, None]
    inputs = (past[rows, columns] - last).astype(np.float32)
    return inputs, (ahead[rows, columns] - last).astype(np.float32), is_newest[rows, columns]
