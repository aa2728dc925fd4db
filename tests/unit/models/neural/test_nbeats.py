"""N-BEATS: identities of its decomposition, and what it learns where there is something to learn."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from hf_platform.horizons import Horizon
from hf_platform.models.base import FitTask, Fitted, OriginSet, Panel, PanelMember, Series
from hf_platform.models.families import es_rnn, nbeats, patchtst
from hf_platform.models.neural.layers.nbeats_stacks import interpretable
from hf_platform.models.neural.quantile_family import Sizes
from hf_platform.models.neural.quantile_function import from_quantiles, normal_quantiles
from hf_platform.types import PROBABILITIES, GridKey

DAY = np.timedelta64(1, "D")


def cycle(name: str, n_bars: int, seed: int) -> Series:
    """Returns with a ten-day cycle worth half of their variance."""
    rng = np.random.default_rng(seed)
    returns = 0.01 * (np.sqrt(2) * np.sin(2 * np.pi * (np.arange(n_bars) + seed) / 10) + rng.normal(size=n_bars))
    returns[0] = np.nan
    times = np.datetime64("2000-01-03T21:00", "us") + np.arange(n_bars) * DAY
    return Series(name, "1d", times, times, returns, np.empty((n_bars, 0)), ())


def fit(family, series: list[Series], horizon: str = "5d") -> Fitted:
    panel = Panel("net", "day", tuple(PanelMember(own, 1, len(own) - 100) for own in series), {})
    own = series[0]
    task = FitTask(
        "m",
        GridKey(own.instrument, horizon),
        Horizon.parse(horizon),
        family.variants[0],
        own,
        1,
        len(own) - 100,
        7,
        panel,
    )
    (found,) = family.fit_many([task])
    assert isinstance(found, Fitted), found
    return found


def quick(family, steps: int = 60):
    return replace(
        family, training=replace(family.training, steps=steps, batch=128, learning_rate=5e-3, check_every=20)
    )


def test_backcasts_and_residual_add_up_to_the_window_and_stacks_to_the_forecast() -> None:
    torch.manual_seed(0)
    net = interpretable(Sizes(20, 6, 3), 2, 16, 2).double()
    with torch.no_grad():
        for weight in net.parameters():
            if weight.requires_grad:
                weight.normal_(std=0.3)
    windows = torch.randn(7, 20, dtype=torch.float64)
    parts = net.decompose(windows)
    torch.testing.assert_close(sum(parts.backcasts.values()) + parts.residual, windows)
    torch.testing.assert_close(sum(parts.forecasts.values()), net(windows))
    trend = (
        parts.forecasts["trend"][0, :, 0].detach().numpy()
    )  # a polynomial of the second degree: third differences vanish
    np.testing.assert_allclose(np.diff(trend, 3), 0, atol=1e-6 * np.abs(trend).max())


def test_a_fitted_forecast_is_the_sum_of_its_parts() -> None:
    series = [cycle(f"I{i}", 500, i) for i in range(3)]
    family = quick(nbeats.FAMILY)
    fitted = fit(family, series)
    parts = family.decompose(fitted, series[0], 450)
    (found,) = family.forecast_many([fitted], [OriginSet(series[0], np.array([450]))])
    assert found.quantiles[0, PROBABILITIES.index(0.5)] == pytest.approx(parts.ahead["forecast"][4], abs=2e-4)
    for whole, pieces in (("forecast", parts.ahead), ("log_price", parts.past)):
        rest = [part for name, part in pieces.items() if name != whole]
        np.testing.assert_allclose(np.sum(rest, axis=0), pieces[whole], atol=1e-12)
    assert set(parts.ahead) == {"forecast", "random_walk", "trend", "seasonality"}
    assert set(parts.past) == {"log_price", "trend", "seasonality", "residual"}
    np.testing.assert_allclose(parts.past["log_price"][[0, -1]], [-series[0].log_return[388:451].sum(), 0], atol=1e-12)


@pytest.mark.parametrize("family", [nbeats.FAMILY, patchtst.FAMILY, es_rnn.FAMILY], ids=lambda family: family.name)
def test_a_cycle_is_learnt(family) -> None:
    series = [cycle(f"I{i}", 600, i) for i in range(4)]
    fitted = fit(quick(family, 80), series)
    assert fitted.params["validation_loss"] < 0.85 * fitted.params["untrained_loss"]
    own, origins = series[0], np.arange(505, 590)
    (found,) = quick(family, 80).forecast_many([fitted], [OriginSet(own, origins)])
    realised = np.array([own.log_return[i + 1 : i + 6].sum() for i in origins])
    assert np.corrcoef(found.mean, realised)[0, 1] > 0.5
    assert np.square(found.mean - realised).mean() < 0.8 * np.square(realised).mean()
    assert (np.diff(found.quantiles, axis=1) >= 0).all()


def test_moments_of_a_normal_are_found_from_its_quantiles() -> None:
    found = from_quantiles(0.01 + 0.02 * normal_quantiles()[None, ::-1])  # crossed: sorted again
    assert found.mean[0] == pytest.approx(0.01, abs=1e-12)
    assert found.volatility[0] == pytest.approx(0.02, rel=0.02)
    from scipy import stats

    grid = np.array(PROBABILITIES)
    below = grid <= 0.5
    exact = 0.01 + 0.02 * np.where(
        below, -stats.norm.pdf(stats.norm.ppf(grid)) / grid, stats.norm.pdf(stats.norm.ppf(grid)) / (1 - grid)
    )
    np.testing.assert_allclose(found.tail_means[0], exact, atol=0.02 * 0.08)


def test_what_a_search_found_changes_the_net(make_series: Callable[..., Series]) -> None:
    series = make_series()
    task = FitTask("m", GridKey("AAA", "1d"), Horizon.parse("1d"), "interpretable", series, 101, 1101, 7)
    family = quick(nbeats.FAMILY, 2)
    plain, tuned = family.fit_many([task, replace(task, tuned={"width": 32, "learning_rate": 1e-3})])
    assert plain.params["n_parameters"] > tuned.params["n_parameters"]
    (found,) = family.forecast_many([tuned], [OriginSet(series, np.array([1200]))])
    assert np.isfinite(found.mean).all()
