"""Twelve planted leaks are caught, each beside an honest twin that raises no alarm; the catalogue is clean."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from hf_platform.cli import leakcheck as verb
from hf_platform.errors import DataError, UnknownNameError
from hf_platform.features.catalogue import ALL_FEATURES
from hf_platform.leakcheck import market_world as market
from hf_platform.leakcheck import run
from hf_platform.leakcheck import series_world as learning
from hf_platform.leakcheck.check import Probe, Subject, find_leaks
from hf_platform.leakcheck.run import check_families, check_features, check_learning
from hf_platform.models import get_family
from hf_platform.models.supervised import PRICE_FEATURES

SERIES = ["instrument", "frequency"]


def newest(world):
    """Current vintage of each bar, stamped with when all bars so far were known: what an honest feature reads."""
    bars = world.bars.sort("known_at").unique(["instrument", "frequency", "event_at"], keep="last")
    bars = bars.sort("instrument", "frequency", "event_at")
    return bars.with_columns(at=pl.col("known_at").cum_max().over(SERIES))


def rows(frame, **values):
    """Rows of a subject: a value for each bar."""
    name = pl.format("{} {}", "frequency", "event_at").alias("row")
    return frame.select("instrument", "at", name, **values)


def own(expression):
    return expression.over(SERIES, order_by="event_at")


def change():
    return own(pl.col("close").log().diff())


def centred_window(world, honest):
    mean = pl.col("close").rolling_mean(5, center=not honest)
    return rows(newest(world), value=own(mean))


def shift_minus_one(world, honest):
    return rows(newest(world), value=own(pl.col("close").log().diff().shift(1 if honest else -1)))


def full_sample_z_score(world, honest):
    price = pl.col("close")
    mean, spread = (price.rolling_mean(20), price.rolling_std(20)) if honest else (price.mean(), price.std())
    return rows(newest(world), value=own((price - mean) / spread))


def back_fill(world, honest):
    gaps = pl.when(pl.col("event_at").dt.day() % 4 == 0).then(pl.col("close"))
    return rows(newest(world), value=own(gaps.fill_null(strategy="forward" if honest else "backward")))


def future_adjustment(world, honest):
    frame = newest(world)
    splits = world.actions.filter(kind="split").select("instrument", "value", ex_at="event_at")
    joined = frame.join(splits, on="instrument", how="left")
    # Forward: a split multiplies what comes after it. Backward, as vendors do: it divides what came before.
    after = pl.col("event_at") > pl.col("ex_at")
    factor = pl.when(after).then("value").otherwise(1.0) if honest else pl.when(~after).then(1 / pl.col("value"))
    factors = joined.group_by("instrument", "frequency", "event_at").agg(factor.fill_null(1.0).product().alias("f"))
    frame = frame.join(factors, on=["instrument", "frequency", "event_at"], how="left")
    return rows(frame, value=pl.col("close") * pl.col("f"))


def cross_series_lag(world, honest):
    lag = pl.col("close").shift(1)
    return rows(newest(world), value=own(lag) if honest else lag)


def day_final_close(world, honest):
    day = [pl.col("instrument"), pl.col("frequency"), pl.col("event_at").dt.date()]
    last = own(pl.col("close")) if honest else pl.col("close").last().over(day)
    return rows(newest(world), value=last)


def survivorship(world, honest):
    alive = world.universe.filter(pl.col("valid_to").is_null())["instrument"]
    daily = newest(world).filter(frequency="1d").with_columns(change=change())
    late = daily.filter(pl.col("event_at").dt.hour() == 21)  # those that close together
    members = late if honest else late.filter(pl.col("instrument").is_in(alive.to_list()))
    market_mean = members.group_by("event_at").agg(pl.col("change").sort_by("instrument").mean().alias("mean"))
    return rows(daily.join(market_mean, on="event_at", how="left"), value=pl.col("mean"))


def restatement(world, honest):
    frame = newest(world)
    frame = frame if honest else frame.with_columns(at=pl.col("event_at") + pl.duration(minutes=30))
    return rows(frame, value=change())


MARKET = (
    centred_window, shift_minus_one, full_sample_z_score, back_fill, future_adjustment, cross_series_lag,
    day_final_close, survivorship, restatement,
)  # fmt: skip


def unpurged_target(series, honest):
    """Targets of five bars for every row up to the anchor; the last five are not over at the anchor."""
    n = learning.ANCHOR - (5 if honest else 0)
    bars = np.arange(1, n + 1)
    padded = np.append(series.log_return, np.zeros(5))
    target = [padded[b + 1 : b + 6].sum() for b in bars]
    return pl.DataFrame({"at": learning.ANCHOR, "row": bars.astype(str), "target": target, "instrument": "AAA"})


def scaler_fitted_on_test(series, honest):
    window = series.features[60 : learning.ANCHOR + 1] if honest else series.features[60:]
    parts = {"center": window.mean(axis=0), "scale": window.std(axis=0)}
    return pl.DataFrame({"at": learning.ANCHOR, "row": list(PRICE_FEATURES), "instrument": "AAA", **parts})


def ensemble_in_sample_weights(track, honest):
    """Inverse mean squared errors of each member; honest ones look at horizons that are over."""
    over = np.arange(track.realised.size) + track.n_bars
    errors = (track.realised[track.members.origins, None] ** 2 - track.members.volatility**2) ** 2
    weights = []
    for origin in track.members.origins:
        known = over[track.members.origins] <= origin if honest else np.ones(track.members.origins.size, dtype=bool)
        mean = np.nanmean(errors[known], axis=0) if known.any() else np.ones(errors.shape[1])
        weights.append((1 / mean / (1 / mean).sum()).tolist())
    origins = track.members.origins
    return pl.DataFrame({"at": origins, "row": origins.astype(str), "weights": weights, "instrument": "AAA"})


@pytest.fixture(scope="module")
def world():
    return market.make_world()


def judged(subject, world, honest):
    if subject in MARKET:
        others = frozenset({"value"} if subject is survivorship else ())  # a mean over the market, by intent
        made = Subject(subject.__name__, lambda w: subject(w, honest), others)
        return find_leaks(made, world, market.probes(world)).leaks
    if subject is ensemble_in_sample_weights:
        track = learning.make_track(1)
        probes = learning.track_probes(track)
        return find_leaks(Subject(subject.__name__, lambda w: subject(w, honest)), track, probes).leaks
    series = learning.make_series(PRICE_FEATURES)
    probes = learning.series_probes(series)
    return find_leaks(Subject(subject.__name__, lambda w: subject(w, honest)), series, probes).leaks


PLANTED = (*MARKET, unpurged_target, scaler_fitted_on_test, ensemble_in_sample_weights)


def test_there_are_twelve():
    assert len({subject.__name__ for subject in PLANTED}) == 12


@pytest.mark.parametrize("subject", PLANTED, ids=lambda subject: subject.__name__)
def test_each_planted_leak_is_caught_and_its_honest_twin_is_not(subject, world):
    leaks = judged(subject, world, honest=False)
    assert leaks, f"{subject.__name__} went unseen"
    alarms = judged(subject, world, honest=True)
    assert not alarms, [str(leak) for leak in alarms]


@pytest.mark.parametrize(
    ("subject", "word"),
    [
        (future_adjustment, "known after"),
        (cross_series_lag, "other series"),
        (survivorship, "cutting off"),
        (restatement, "restating"),
    ],
)
def test_the_probe_that_was_made_for_a_leak_catches_it(subject, word, world):
    assert any(word in leak.probe for leak in judged(subject, world, honest=False))


def test_matrices_scalers_and_weights_are_clean():
    verdicts = check_learning()
    assert len(verdicts) == 10
    assert [str(leak) for verdict in verdicts for leak in verdict.leaks] == []
    assert all(verdict.n_columns > 1 for verdict in verdicts)


def test_a_check_that_compares_nothing_is_refused(world):
    subject = Subject("empty", lambda w: rows(newest(w), value=pl.col("close")))
    early = Probe("cutting off everything", world, market.moments()[0].replace(year=1999))
    with pytest.raises(DataError, match="no row is known"):
        find_leaks(subject, world, [early])


def test_families_that_learn_from_the_anchor_on_are_caught():
    ewma = get_family("ewma")

    class Peeking(type(ewma)):
        def fit_many(self, batch):
            return type(ewma).fit_many(self, [replace(task, stop=len(task.series)) for task in batch])

    peeking = Peeking()
    series = learning.make_series(())
    found = find_leaks(learning.family_subject(peeking, "riskmetrics", "5d"), series, learning.family_probes(series))
    assert found.leaks
    assert [str(leak) for verdict in check_families(["ewma", "garch"]) for leak in verdict.leaks] == []


@pytest.mark.slow
def test_every_family_that_is_installed_is_clean():
    assert [str(leak) for verdict in check_families(["all"]) for leak in verdict.leaks] == []


@pytest.mark.slow
def test_every_dbt_feature_is_clean_within_two_minutes(settings):
    verdict = check_features(settings)
    assert [str(leak) for leak in verdict.leaks] == []
    assert verdict.n_columns == 1 + len(ALL_FEATURES)
    assert verdict.seconds < 120


def test_the_verb_ends_with_one_where_something_leaks(settings, monkeypatch):
    app = typer.Typer()
    app.command()(verb.leakcheck)
    clean = CliRunner().invoke(app, ["--family", "ewma"], catch_exceptions=False)
    assert clean.exit_code == 0
    assert "No leaks." in clean.output
    with pytest.raises(UnknownNameError, match="model family 'tarot'"):
        CliRunner().invoke(app, ["--family", "tarot"], catch_exceptions=False)
    real = run.family_subject
    monkeypatch.setattr(run, "family_subject", lambda *words: leaking(real(*words)))
    assert CliRunner().invoke(app, ["--family", "ewma"]).exit_code == 1


def leaking(subject):
    return Subject(subject.name, lambda series: subject.compute(series).with_columns(n=pl.lit(len(series))))
