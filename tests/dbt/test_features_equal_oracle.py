"""Each SQL feature against a plain loop over the usable bars of one series."""

import math

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hf_platform.features.catalogue import FEATURES

HARD = {"non_positive_price", "missing_close", "duplicate"}
SERIES = ["WHOLE", "GAPS", "CLOSES", "SOILED", "FLAT", "RISING", "FALLING", "TINY", "CUT", "RESTATED", "EAST", "LONG"]


def newest(bars: pl.DataFrame) -> pl.DataFrame:
    return bars.sort("event_at", "known_at").unique("event_at", keep="last").sort("event_at")


def usable(bars: pl.DataFrame) -> np.ndarray:
    return np.array(
        [c is not None and c > 0 and not HARD & set(f) for c, f in zip(bars["close"], bars["flags"], strict=True)]
    )


def wilder(p: np.ndarray) -> np.ndarray:
    out, change = np.full(len(p), np.nan), np.diff(p)
    if len(change) < 14:
        return out
    gain, loss = np.clip(change, 0, None), np.clip(-change, 0, None)
    up, down = gain[:14].mean(), loss[:14].mean()
    for t in range(14, len(p)):
        if t > 14:
            up, down = (13 * up + gain[t - 1]) / 14, (13 * down + loss[t - 1]) / 14
        if up + down > 0:
            out[t] = 100 - 100 / (1 + up / down) if down > 0 else 100.0
    return out


def rolling(x: np.ndarray, n: int, f) -> np.ndarray:
    """f over the last n values, NaN unless all are there."""
    out = np.full(len(x), np.nan)
    for t in range(n - 1, len(x)):
        window = x[t - n + 1 : t + 1]
        if np.isfinite(window).all():
            out[t] = f(window)
    return out


def oracle(bars: pl.DataFrame) -> dict[str, np.ndarray]:
    o, h, low, p, v = (bars[c].cast(pl.Float64).to_numpy() for c in ("open", "high", "low", "close", "volume"))
    n = len(p)
    r = np.concatenate([[np.nan], np.log(p[1:] / p[:-1])]) if n else np.empty(0)

    def back(x: np.ndarray, k: int) -> np.ndarray:
        return np.concatenate([np.full(min(k, n), np.nan), x[: max(n - k, 0)]])

    ewma = np.full(n, np.nan)
    for t in range(21, n):
        weights = 0.94 ** np.arange(min(t, 2_000))[::-1]  # what is older weighs less than 1e-53
        ewma[t] = math.sqrt((weights * r[t + 1 - len(weights) : t + 1] ** 2).sum() / weights.sum())
    average = back(rolling(v, 20, np.mean), 1)
    u, c = np.log(h / low), np.log(p / o)
    with np.errstate(all="ignore"):
        return {
            "log_return": r,
            **{f"momentum_{k}": p / back(p, k) - 1 for k in (5, 20, 60)},
            **{f"log_return_lag_{k}": back(r, k) for k in range(1, 6)},
            "rsi_14": wilder(p),
            "bollinger_position_20": rolling(
                p, 20, lambda w: (w[-1] - w.mean()) / (2 * w.std()) if np.ptp(w) > 0 else np.nan
            ),
            "volume_ratio_20": v / average,
            "realised_volatility_21": rolling(r, 21, lambda w: w.std(ddof=1)),
            "ewma_volatility": ewma,
            "bipower_volatility_21": rolling(
                r, 21, lambda w: math.sqrt(math.pi / 2 * (np.abs(w[1:]) * np.abs(w[:-1])).mean())
            ),
            "parkinson_volatility_21": rolling(u, 21, lambda w: math.sqrt((w**2).mean() / (4 * math.log(2)))),
            "garman_klass_volatility_21": rolling(
                0.5 * u**2 - (2 * math.log(2) - 1) * c**2, 21, lambda w: math.sqrt(w.mean())
            ),
            "range_variance": np.where(u > 0, u**2 / (4 * math.log(2)), np.nan),
        }


@pytest.mark.parametrize("name", [*SERIES, "WEEKLY"])
def test_every_feature_equals_a_plain_loop(name, world, built, read):
    bars = newest(world[name])
    found = read(built[0], "WHOLE" if name == "WEEKLY" else name, "1w" if name == "WEEKLY" else "1d")
    assert_array_equal(found["event_at"].to_numpy(), bars["event_at"].to_numpy())
    assert_array_equal(found["close"].to_numpy(), bars["close"].to_numpy())
    keep = usable(bars)
    expected = oracle(bars.filter(pl.Series(keep)))
    assert set(expected) == {"log_return", *FEATURES} - {"xs_momentum_rank_20"}
    for feature, values in expected.items():
        column = found[feature].to_numpy()
        assert np.isnan(column[~keep]).all(), f"{feature} on a bar that is not usable"
        assert_allclose(column[keep], values, rtol=1e-9, atol=1e-13, equal_nan=True, err_msg=feature)


def test_the_rank_equals_a_brute_force_count(world, built, read):
    rows = []
    for name, bars in world.items():
        b = newest(bars)
        b = b.filter(pl.Series(usable(b)))
        p, known = b["close"].to_list(), b["known_at"].to_list()
        instrument, frequency = b["instrument"][0], b["frequency"][0]
        for t in range(20, len(p)):
            day = b["event_at"][t].date()
            session = day if frequency == "1d" else day.isocalendar()[:2]
            rows.append(
                (
                    name,
                    instrument,
                    frequency,
                    b["event_at"][t],
                    session,
                    max(known[t - 20 : t + 1]),
                    p[t] / p[t - 20] - 1,
                )
            )
    by_session: dict[tuple, list] = {}
    for row in rows:
        by_session.setdefault((row[2], row[4]), []).append(row)
    expected = {}
    for row in rows:
        peers = [x for x in by_session[row[2], row[4]] if x[5] <= row[5] and x[1] != row[1]]
        if peers:
            below = sum(x[6] < row[6] for x in peers) + 0.5 * sum(x[6] == row[6] for x in peers)
            expected[row[1], row[2], row[3]] = below / len(peers)
    found = built[0].query("SELECT instrument, frequency, event_at, xs_momentum_rank_20 FROM features.feat_xs_momentum")
    assert {row[:3] for row in found.iter_rows()} == set(expected)
    for *key, value in found.iter_rows():
        assert value == pytest.approx(expected[tuple(key)], abs=1e-12), key
    assert len(expected) > 2_000
    east = found.filter(pl.col("instrument") == "EAST")
    assert east.height == 0, "nothing else is known that early in the day"


@pytest.mark.parametrize("name", [name for name in FEATURES if name != "xs_momentum_rank_20"])
def test_the_first_value_appears_after_the_lookback(name, built, read):
    column = read(built[0], "WHOLE")[name]
    assert column.is_not_null().arg_true()[0] == FEATURES[name].lookback
    assert column[FEATURES[name].lookback :].null_count() == 0


def test_rsi_of_a_published_example(built, read):
    # Values of the same example, Wilder's smoothing over 14 periods, as printed.
    published = [
        70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99, 41.46, 41.87, 45.46,
        37.30, 33.08, 37.77,
    ]  # fmt: skip
    assert_allclose(read(built[0], "QQQQ")["rsi_14"].to_numpy()[14:], published, atol=0.005)


def test_rsi_is_100_when_every_change_is_up_and_0_when_down(built, read):
    assert (read(built[0], "RISING")["rsi_14"][14:] == 100).all()
    assert (read(built[0], "FALLING")["rsi_14"][14:] == 0).all()


def test_a_flat_series_has_no_rsi_and_no_band_but_zero_volatility(built, read):
    flat = read(built[0], "FLAT")
    assert flat["rsi_14"].null_count() == flat["bollinger_position_20"].null_count() == 90
    assert (flat["realised_volatility_21"][21:] == 0).all()
    assert (flat["ewma_volatility"][21:] == 0).all()


def test_closes_only_leave_range_and_volume_features_null(built, read):
    frame = read(built[0], "CLOSES")
    for name in ("volume_ratio_20", "parkinson_volatility_21", "garman_klass_volatility_21", "range_variance"):
        assert frame[name].null_count() == frame.height


def test_returns_span_a_bar_that_is_not_usable(world, built, read):
    bars, found = world["SOILED"], read(built[0], "SOILED")
    for i in (150, 151, 260):
        assert found["log_return"][i] is None
    assert found["close"][260] == 1e6, "a flagged close is kept"
    assert found["log_return"][152] == pytest.approx(math.log(bars["close"][152] / bars["close"][149]))
    assert found["log_return"][310] is not None, "an outlier is not a hard flag"


def test_known_at_never_falls_and_shows_a_restatement(world, built, read):
    found, second = read(built[0], "RESTATED"), world["RESTATED"][-1]
    known = found["known_at"].to_list()
    assert known == sorted(known)
    assert known[199] < second["known_at"].item() == known[200] == known[239] < known[241]
    assert found["close"][200] == second["close"].item()
