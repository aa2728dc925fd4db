"""N-BEATS forecasts taken apart: stored with the forecasts, and drawn on the materialisation."""

import base64
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from assets.pictures import decomposition_pictures
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.models import get_family
from hf_platform.models.base import Schedule
from hf_platform.types import PROBABILITIES, GridKey

FIRST = datetime.fromisoformat("1995-01-03T21:00")
KEY = GridKey("AAA", "5d")


def test_the_newest_forecast_of_each_key_is_stored_and_drawn_by_component(store, settings, make_series):
    with store.transaction("raw_prices", "setup") as tx:
        row = {"instrument": ["AAA"], "calendar": ["24/7"], "valid_from": [FIRST]}
        tx.append("market.universe", pl.DataFrame(row))
    net = get_family("nbeats")
    quick = Schedule(minimum={"*": 300}, window={"*": 300}, every={"*": 126})
    family = replace(net, schedule=quick, training=replace(net.training, steps=2, batch=8, check_every=1))

    def run(n_bars):
        def read(of, names, frequency, as_of, features):
            return {name: make_series(name, frequency, n_bars) for name in names}, {}

        as_of = FIRST + timedelta(days=n_bars)
        fit_grid(
            family, [KEY], store, as_of=as_of, run_id="t", executor=InlineExecutor(1), settings=settings, read=read
        )

    run(500)
    rows = store.query("select * from models.decompositions")
    assert rows["forecast_origin"].unique().to_list() == [FIRST + timedelta(days=499)]
    wide = rows.pivot("component", index="step", values="value").sort("step")
    past, ahead = wide.filter(pl.col("step") <= 0), wide.filter(pl.col("step") > 0)
    np.testing.assert_allclose(past["trend"] + past["seasonality"] + past["residual"], past["log_price"], atol=1e-12)
    np.testing.assert_allclose(
        ahead["random_walk"] + ahead["trend"] + ahead["seasonality"], ahead["forecast"], atol=1e-12
    )
    forecast = store.query("select quantiles from models.forecasts order by forecast_origin desc limit 1")
    median = forecast["quantiles"][0][PROBABILITIES.index(0.5)]
    assert abs(median - ahead["forecast"][-1]) < 1e-5
    run(500)
    assert store.query("select count(*) as n from models.decompositions")["n"][0] == rows.height, "nothing is new"
    run(501)
    drawn = decomposition_pictures(store, "nbeats", [KEY])[KEY]
    svg = base64.b64decode(drawn.split("base64,")[1].rstrip(")")).decode()
    assert svg.count('class="line"') == 3
    assert all(f">{name}</text>" in svg for name in ("price", "trend", "seasonality"))
    assert decomposition_pictures(store, "nbeats", [GridKey("BBB", "5d")]) == {}
