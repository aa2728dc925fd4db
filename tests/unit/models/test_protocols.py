"""M4 and ETT: files checked row by row, scores and Naive2 against independent computations."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from statsmodels.tsa.seasonal import seasonal_decompose
from statsmodels.tsa.stattools import acf

from hf_platform.errors import DataError
from hf_platform.models import ett, m4
from hf_platform.models.forecast_protocols import run_ett, run_m4, to_markdown

HOURS = np.arange(24 * 20 + 48)


def hourly(seed: int, n: int = HOURS.size) -> np.ndarray:
    rng = np.random.default_rng(seed)
    level = 100 * np.exp(0.0005 * HOURS[:n] + 0.01 * rng.normal(size=n).cumsum())
    return level * (1 + 0.4 * np.sin(2 * np.pi * (HOURS[:n] + seed) / 24)) * np.exp(0.02 * rng.normal(size=n))


def write_m4(folder: Path, series: dict[str, np.ndarray], horizon: int = 48) -> None:
    for part, cut in (("train", slice(None, -horizon)), ("test", slice(-horizon, None))):
        longest = max(own[cut].size for own in series.values())
        with (folder / f"Hourly-{part}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([f"V{i + 1}" for i in range(longest + 1)])
            for name, own in series.items():
                writer.writerow([name, *own[cut], *[""] * (longest - own[cut].size)])
    with (folder / "M4-info.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["M4id", "category", "Frequency", "Horizon", "SP", "StartingDate"])
        writer.writerows([name, "Other", 24, horizon, "Hourly", "01-07-15 12:00"] for name in series)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_m4(tmp_path, {f"H{i}": hourly(i, HOURS.size - 24 * (i % 3)) for i in range(1, 7)})
    return tmp_path


def test_naive2_is_that_of_an_independent_decomposition() -> None:
    for seed in range(8):
        values = hourly(seed, 300 + 7 * seed)
        limit = 1.645 * np.sqrt((1 + 2 * np.square(acf(values, nlags=23)[1:]).sum()) / values.size)
        assert m4.has_season(values, 24) == (abs(acf(values, nlags=24)[24]) > limit)
        parts = seasonal_decompose(values, model="multiplicative", period=24).seasonal
        np.testing.assert_allclose(m4.seasonal_factors(values, 24), parts[:24], rtol=1e-10)
        season = np.tile(parts[:24], 40)
        expected = values[-1] / season[values.size - 1] * season[values.size : values.size + 48]
        np.testing.assert_allclose(m4.naive2(values, 48, 24), expected, rtol=1e-10)
    plain = np.exp(np.random.default_rng(0).normal(size=60))
    np.testing.assert_array_equal(m4.naive2(plain, 6, 1), np.full(6, plain[-1]))
    odd = 10 + np.tile([1.0, 2.0, 6.0], 12)
    np.testing.assert_allclose(
        m4.seasonal_factors(odd, 3), seasonal_decompose(odd, model="multiplicative", period=3).seasonal[:3]
    )


def test_scores_are_the_published_formulas() -> None:
    actual, forecast = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 2.0])
    assert m4.smape(actual, forecast) == pytest.approx((200 * 0.5 / 2.5 + 0 + 200 * 2 / 6) / 3)
    assert m4.mase_scale(np.array([1.0, 5.0, 2.0, 9.0]), 2) == pytest.approx((1 + 4) / 2)
    assert m4.mase(actual, forecast, 2.5) == pytest.approx((0.5 + 0 + 2.0) / 3 / 2.5)


def test_naive2_scores_one_and_the_truth_scores_nothing(folder: Path) -> None:
    panel = m4.read_panel(folder, "Hourly")
    assert len(panel.names) == 6
    naive = [m4.naive2(train, 48, 24) for train in panel.train]
    assert m4.score(panel, "naive2", naive, 0.0).owa == pytest.approx(1.0)
    assert m4.score(panel, "truth", list(panel.test), 0.0).owa == 0.0


def test_each_bad_series_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    series = {f"H{i}": hourly(i) for i in range(1, 8)}
    write_m4(tmp_path, series)

    def edit(part: str, name: str, change) -> None:
        path = tmp_path / part
        lines = [change(line) if line.split(",")[0] == name else line for line in path.read_text().splitlines()]
        path.write_text("\n".join(line for line in lines if line is not None) + "\n")

    edit("Hourly-test.csv", "H1", lambda line: ",".join(line.split(",")[:31]))
    edit("Hourly-test.csv", "H2", lambda line: None)
    edit("Hourly-train.csv", "H3", lambda line: line.replace(line.split(",")[9], "n/a", 1))
    edit("Hourly-train.csv", "H4", lambda line: ",".join(line.split(",")[:21]))
    edit("M4-info.csv", "H5", lambda line: line.replace("Hourly", "Daily"))
    edit("Hourly-train.csv", "H6", lambda line: line + "\n" + line)
    panel = m4.read_panel(tmp_path, "Hourly")
    assert panel.names == ("H7",)
    reasons = {one.series: one.reason for one in panel.rejected}
    assert set(reasons) == {f"H{i}" for i in range(1, 7)}
    assert "48 values, found 30" in reasons["H1"]
    assert "no test row" in reasons["H2"]
    assert "numbers" in reasons["H3"]
    assert "found 20" in reasons["H4"]
    assert "found Daily" in reasons["H5"]
    assert "twice" in reasons["H6"]
    with pytest.raises(DataError, match="Weekly-train"):
        m4.read_panel(tmp_path, "Weekly")


def test_nets_run_in_the_m4_protocol_and_say_what_memory_they_planned(folder: Path) -> None:
    from hf_platform.models.neural.m4_nets import M4Options

    options = M4Options(epochs=1, steps=4, members=1, device="cpu")
    result = run_m4(folder, "Hourly", ("es_rnn", "nbeats", "patchtst"), options)
    table = to_markdown(result)
    assert [row["method"] for row in result["rows"]] == ["naive2", "es_rnn", "nbeats", "patchtst", "median of all"]
    assert all(np.isfinite(row["owa"]) and row["owa"] < 5 for row in result["rows"])
    assert "owa" in table
    assert "rows at once" in result["memory"]["es_rnn"]


@pytest.mark.slow
def test_es_rnn_beats_naive2_by_far_on_seasonal_series(tmp_path: Path) -> None:
    from hf_platform.models.neural.m4_nets import M4Options

    # A week that Naive2, whose season is a day, knows nothing of.
    week = np.exp(0.3 * np.sin(2 * np.pi * HOURS / 168))
    write_m4(tmp_path, {f"H{i}": hourly(i) * week for i in range(1, 33)})
    result = run_m4(tmp_path, "Hourly", ("es_rnn",), M4Options(epochs=15, members=1, device="cpu"))
    assert result["rows"][1]["owa"] < 0.8


def test_a_season_is_found_and_noise_is_not() -> None:
    from hf_platform.models.neural.m4_nets import phase_means

    rng = np.random.default_rng(0)
    times = np.arange(480)
    season = np.sin(2 * np.pi * times / 24)
    walk = 0.01 * rng.normal(size=(3, times.size)).cumsum(axis=1) + 0.002 * times
    padded = np.r_[np.zeros(30), (walk[2] + season)[30:]]
    found = phase_means(np.stack([walk[0] + season, walk[1], padded]), np.array([0, 0, 30]), 24)
    np.testing.assert_allclose(found[0], season[:24], atol=0.05)
    np.testing.assert_allclose(found[1], 0, atol=0.02)
    np.testing.assert_allclose(found[2], season[:24], atol=0.05)
    assert not phase_means(walk[:, :40], np.zeros(3, dtype=np.int64), 24).any(), "less than two periods say nothing"


def write_ett(path: Path, months: int = 20, columns: int = 2, *, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    n = months * 720
    t = np.arange(n)
    start = datetime(2016, 7, 1)  # noqa: DTZ001
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["date", *(f"C{i}" for i in range(columns))])
        values = [np.sin(2 * np.pi * (t + 5 * i) / 24) + 0.1 * rng.normal(size=n) for i in range(columns)]
        for k in range(n):
            writer.writerow([start + timedelta(hours=k), *(f"{own[k]:.5f}" for own in values)])
    return path


def test_ett_is_split_and_standardised_as_published(tmp_path: Path) -> None:
    data = ett.read_ett(write_ett(tmp_path / "ETTh1.csv"))
    assert (data.train, data.validation, data.test) == (slice(0, 8640), slice(8640, 11520), slice(11520, 14400))
    np.testing.assert_allclose(data.values[:8640].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.values[:8640].std(axis=0), 1)
    inputs, targets = ett.windows(data.values, data.test, 336, 96)
    assert inputs.shape == (2880 - 96 + 1, 2, 336)
    np.testing.assert_array_equal(inputs[0], data.values[11520 - 336 : 11520].T)
    np.testing.assert_array_equal(targets[-1], data.values[14400 - 96 : 14400].T)
    train, ahead = ett.windows(data.values, data.train, 336, 96)
    assert train.shape[0] == ahead.shape[0] == 8640 - 336 - 96 + 1


def test_ett_files_that_break_a_rule_say_where(tmp_path: Path) -> None:
    path = write_ett(tmp_path / "ETTh1.csv")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:100], *lines[101:]]) + "\n")
    with pytest.raises(DataError, match="2016-07-05 02:00:00 followed by 2016-07-05 04:00:00"):
        ett.read_ett(path)
    path.write_text("\n".join(lines[:5000]) + "\n")
    with pytest.raises(DataError, match="found 4999"):
        ett.read_ett(path)
    path.write_text("\n".join([lines[0], *(line.rsplit(",", 1)[0] + ",x" for line in lines[1:])]) + "\n")
    data = ett.read_ett(path)
    assert data.columns == ("C0",)
    assert "C1" in data.rejected[0]


def test_patchtst_runs_in_the_ett_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hf_platform.models.neural.ett_nets import EttOptions

    path = write_ett(tmp_path / "ETTh1.csv", months=5, columns=1)
    small = ett.read_ett(path, months=(3, 1, 1))
    monkeypatch.setattr(ett, "read_ett", lambda path: small)
    options = EttOptions(lookback=64, horizon=24, epochs=2, learning_rate=3e-3, layers=1, dropout=0.0, device="cpu")
    result = run_ett(path, ("patchtst",), options)
    last, net = result["rows"]
    assert net["n_windows"] == 720 - 24 + 1
    assert net["mse"] < 0.5 * last["mse"]
