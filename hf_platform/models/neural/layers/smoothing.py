"""Exponential smoothing of level and seasons, with coefficients that a net trains along with its own."""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True, slots=True)
class Smoothed:
    """Level and seasonal terms of some series.

    Parameters
    ----------
    level : tensor, shape (n, n_times)
        After the observation of each time.
    seasons : tuple of tensor, shape (n, n_times + period)
        One for each period: the term of each time, made one period before it; the last `period` ones lie
        ahead of the data.
    """

    level: torch.Tensor
    seasons: tuple[torch.Tensor, ...]

    def season_at(self) -> torch.Tensor:
        """Sum the seasonal terms of the observed times, shape (n, n_times)."""
        n_times = self.level.shape[1]
        total = torch.zeros_like(self.level)
        for season in self.seasons:
            total = total + season[:, :n_times]
        return total

    def seasons_ahead(self, n_steps: int) -> torch.Tensor:
        """Give the seasonal terms of the next `n_steps` times as known at each time, (n, n_times, n_steps)."""
        n, n_times = self.level.shape
        total = self.level.new_zeros((n, n_times, n_steps))
        now = torch.arange(n_times, device=self.level.device)[:, None]
        ahead = torch.arange(n_steps, device=self.level.device)
        for season in self.seasons:
            period = season.shape[1] - n_times
            # Beyond one period the newest known term of the same phase is used again.
            total = total + season[:, now + 1 + ahead % period]
        return total


class ExponentialSmoothing(nn.Module):
    """Holt-Winters without trend on logarithms, so that seasons are factors of the level.

    Each series has a level coefficient, a coefficient for each period, and initial seasonal terms of
    its own; a gradient flows into all of them.

    Parameters
    ----------
    n_series : int
    periods : sequence of int
        Seasonal periods [bars]; empty for a level alone.
    level : float
        Level coefficient to start from.

    Notes
    -----
    With observation ``y_t``, terms ``s_t`` and level ``l_t``::

        l_t = a (y_t - s_t) + (1 - a) l_{t-1}
        s_{t+P} = g (y_t - l_t - other seasons) + (1 - g) s_t

    References
    ----------
    Winters, P. R. (1960). Forecasting Sales by Exponentially Weighted Moving Averages. Management
    Science 6(3), 324-342. Smyl (2020), see `DilatedStack`.
    """

    def __init__(self, n_series: int, periods: Sequence[int] = (), level: float = 0.9) -> None:
        """Start all series from the same coefficients and without seasons."""
        super().__init__()
        self.periods = tuple(periods)
        start = torch.logit(torch.tensor(level))
        self.level = nn.Parameter(torch.full((n_series,), float(start)))
        self.season = nn.Parameter(torch.full((n_series, len(self.periods)), -2.0))
        self.initial = nn.ParameterList([nn.Parameter(torch.zeros(n_series, period)) for period in self.periods])

    def forward(self, values: torch.Tensor, rows: torch.Tensor, phase: torch.Tensor) -> Smoothed:
        """Smooth log values.

        Parameters
        ----------
        values : tensor, shape (n, n_times)
        rows : int64 tensor, shape (n,)
            Which of the series each row is.
        phase : int64 tensor, shape (n,)
            Number of the first bar, counted so that equal remainders of a period are one season.
        """
        alpha = torch.sigmoid(self.level[rows])
        gammas = torch.sigmoid(self.season[rows]).unbind(1)
        terms = [self._start(own, rows, phase) for own in self.initial]
        levels: list[torch.Tensor] = []
        level = values[:, 0] - _total(terms, 0, values)
        for t in range(values.shape[1]):
            observed, total = values[:, t], _total(terms, t, values)
            level = alpha * (observed - total) + (1 - alpha) * level
            levels.append(level)
            rest = observed - level - total
            for gamma, own in zip(gammas, terms, strict=True):
                own.append(own[t] + gamma * rest)
        return Smoothed(torch.stack(levels, dim=1), tuple(torch.stack(own, dim=1) for own in terms))

    def _start(self, initial: torch.Tensor, rows: torch.Tensor, phase: torch.Tensor) -> list[torch.Tensor]:
        period = initial.shape[1]
        turn = (phase[:, None] + torch.arange(period, device=phase.device)) % period
        return list(initial[rows].gather(1, turn).unbind(1))


def _total(terms: list[list[torch.Tensor]], t: int, values: torch.Tensor) -> torch.Tensor:
    total = torch.zeros_like(values[:, 0])
    for own in terms:
        total = total + own[t]
    return total
