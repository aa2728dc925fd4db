"""Layers against loops, identities and gradients."""

import numpy as np
import torch
from torch import nn

from hf_platform.models.neural.layers.dilated_lstm import DilatedLstm, DilatedStack
from hf_platform.models.neural.layers.es_rnn import EsRnn, EsRnnShapes
from hf_platform.models.neural.layers.smoothing import ExponentialSmoothing


def step_by_step(layer: DilatedLstm, values: torch.Tensor) -> torch.Tensor:
    """The definition: a cell whose state at t is that of t - d."""
    cell = nn.LSTMCell(layer.cell.input_size, layer.cell.hidden_size)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in layer.cell.state_dict().items()})
    n, n_times, _ = values.shape
    zero = torch.zeros(n, layer.cell.hidden_size)
    states: list[tuple[torch.Tensor, torch.Tensor]] = []
    for t in range(n_times):
        before = states[t - layer.dilation] if t >= layer.dilation else (zero, zero)
        states.append(cell(values[:, t], before))
    return torch.stack([hidden for hidden, _ in states], dim=1)


def test_a_dilated_layer_is_the_recurrence_that_skips_states() -> None:
    torch.manual_seed(0)
    values = torch.randn(3, 29, 4)
    for dilation in (1, 2, 4, 8):
        layer = DilatedLstm(4, 5, dilation)
        found = layer(values)
        assert found.shape == (3, 29, 5)
        torch.testing.assert_close(found, step_by_step(layer, values))


def test_a_dilated_layer_mixes_no_phases_and_looks_at_no_later_time() -> None:
    torch.manual_seed(0)
    layer = DilatedLstm(1, 3, 4)
    values = torch.randn(1, 20, 1, requires_grad=True)
    layer(values)[0, 13].sum().backward()
    assert values.grad is not None
    touched = torch.nonzero(values.grad[0, :, 0])[:, 0].tolist()
    assert touched == [1, 5, 9, 13]


def test_stacks_compose_and_every_weight_gets_a_gradient() -> None:
    torch.manual_seed(0)
    stack = DilatedStack(6, 8, ((1, 2), (4, 8)))
    found = stack(torch.randn(2, 40, 6))
    assert found.shape == (2, 40, 8)
    found.square().sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in stack.parameters())
    with torch.no_grad():  # the residual: a second block that says nothing passes the first through
        for weight in stack.blocks[1].parameters():
            weight.zero_()
        values = torch.randn(2, 40, 6)
        torch.testing.assert_close(stack(values), stack.blocks[0](values))


def holt_winters(y: np.ndarray, alpha: float, gamma: float, initial: np.ndarray) -> tuple[list[float], list[float]]:
    """Additive Holt-Winters without trend, written from the textbook."""
    seasons, levels, level = list(initial), [], y[0] - initial[0]
    for t, value in enumerate(y):
        new = alpha * (value - seasons[t]) + (1 - alpha) * level
        seasons.append(gamma * (value - new) + (1 - gamma) * seasons[t])
        levels.append(new)
        level = new
    return levels, seasons


def test_smoothing_equals_the_textbook_and_forecasts_the_right_season() -> None:
    torch.manual_seed(0)
    module = ExponentialSmoothing(3, (4,), level=0.4)
    with torch.no_grad():
        module.initial[0][:] = torch.randn(3, 4)
        module.season[:] = torch.tensor([[-1.0], [0.0], [1.0]])
    y = torch.randn(1, 15)
    found = module(y, torch.tensor([1]), torch.tensor([6]))  # bar 6 is the third season of four
    alpha, gamma = torch.sigmoid(module.level[1]).item(), torch.sigmoid(module.season[1, 0]).item()
    initial = np.roll(module.initial[0][1].detach().numpy(), -2)
    levels, seasons = holt_winters(y[0].numpy(), alpha, gamma, initial)
    np.testing.assert_allclose(found.level[0].detach(), levels, atol=1e-5)
    np.testing.assert_allclose(found.seasons[0][0].detach(), seasons, atol=1e-5)
    ahead = found.seasons_ahead(6)[0].detach().numpy()
    for t in (0, 7, 14):  # the newest known term of each phase, once more beyond one period
        np.testing.assert_allclose(ahead[t], [*seasons[t + 1 : t + 5], *seasons[t + 1 : t + 3]], atol=1e-5)


def test_two_seasons_explain_a_series_made_of_both() -> None:
    t = np.arange(24 * 14)
    y = 1.0 + 0.5 * np.sin(2 * np.pi * t / 4) + 0.2 * np.cos(2 * np.pi * t / 12)
    module = ExponentialSmoothing(1, (4, 12), level=0.1)
    found = module(torch.tensor(y[None], dtype=torch.float32), torch.tensor([0]), torch.tensor([0]))
    left = torch.tensor(y, dtype=torch.float32) - found.season_at()[0] - found.level[0]
    assert left[-24:].abs().max() < 0.02


def test_es_rnn_trains_smoothing_and_net_together_and_is_causal() -> None:
    torch.manual_seed(0)
    net = EsRnn(EsRnnShapes(n_series=2, lookback=5, n_steps=3, n_outputs=2, periods=(4,), units=6))
    with torch.no_grad():
        net.head.weight.normal_()
    y, units = torch.randn(2, 30).cumsum(1), torch.ones(2, 30)
    rows, phase = torch.tensor([0, 1]), torch.tensor([0, 1])
    found = net.encode(y, units, rows, phase)
    paths = net.paths(found.hidden)
    assert paths.shape == (2, 30, 3, 2)
    (found.center.square().sum() + paths.square().sum()).backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in net.parameters())
    changed = y.clone()
    changed[:, 20:] += 3.0
    again = net.encode(changed, units, rows, phase)
    torch.testing.assert_close(again.hidden[:, :20], found.hidden[:, :20])
    torch.testing.assert_close(again.center[:, :20], found.center[:, :20])
    assert not torch.allclose(again.hidden[:, 20], found.hidden[:, 20])
