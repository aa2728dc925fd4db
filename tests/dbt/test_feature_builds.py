"""What a build may touch, what may move a feature, what the dbt tests see."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import polars as pl
import pytest

from hf_platform.errors import ConfigError, LakeMissingError, UnknownNameError
from hf_platform.features import dbt_runner
from hf_platform.features.build import FeatureBuilder
from hf_platform.features.catalogue import FEATURES
from hf_platform.lake import Lake

SERIES_SCOPE = [name for name, feature in FEATURES.items() if feature.scope == "series"]
NODES = {
    "stg_bars", "int_returns", "feat_momentum", "feat_oscillators", "feat_volume", "feat_volatility",
    "feat_xs_momentum", "feature_matrix", "feat_order_book", "feature_alternative",
}  # fmt: skip


def test_counts_rows_and_passes_every_dbt_test(world, built):
    store, result = built
    assert set(result.rows) == NODES
    assert result.rows["feature_matrix"]["WHOLE"] == 700 + 140
    assert result.rows["stg_bars"]["RESTATED"] == 300
    assert result.rows["feat_xs_momentum"]["TINY"] == 0
    assert [test for test in result.tests if not test.passed] == []
    assert {test.node for test in result.tests} == NODES
    assert result.snapshot_id == store.latest_snapshot()


def test_every_commit_names_its_model_and_run(built):
    commits = built[0].query(
        "SELECT author, commit_extra_info FROM ducklake_snapshots('lake') WHERE author IS NOT NULL"
    )
    found = {(row[0], row[1]) for row in commits.iter_rows()}
    assert {(node, f'{{"run_id": "first", "producer": "{node}"}}') for node in NODES} <= found


def test_future_bars_never_change_a_feature_not_even_the_last_bit(built, read):
    whole, cut = read(built[0], "WHOLE")[:431], read(built[0], "CUT")
    for name in ["log_return", "known_at", *SERIES_SCOPE]:
        assert whole[name].equals(cut[name], null_equal=True), name


def test_other_instruments_never_change_a_feature_not_even_the_last_bit(make_lake, world, built, read):
    others = pl.concat([world[name].select(sorted(world["GAPS"].columns)) for name in ("SOILED", "GAPS")])
    store, _ = make_lake(others.sample(fraction=1.0, shuffle=True, seed=1))
    for instrument in ("SOILED", "GAPS"):
        alone, together = read(store, instrument), read(built[0], instrument)
        for name in ["log_return", *SERIES_SCOPE]:
            assert alone[name].equals(together[name], null_equal=True), name


@contextmanager
def watched(store: Lake) -> Iterator[set[tuple[int, int]]]:
    """Rows and distinct runs of the matrix, as another connection keeps seeing them."""
    done, seen = threading.Event(), set()

    def look() -> None:
        reader = Lake(store.settings)
        while not done.is_set():
            seen.add(reader.query("SELECT count(*), count(DISTINCT run_id) FROM features.feature_matrix").row(0))
        reader.close()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def test_rebuilds_touch_their_instruments_only(make_lake, bars_of, write, read):
    bars = pl.concat([bars_of(name, 120, seed) for seed, name in enumerate(["ONE", "TWO", "GONE"])])
    store, first = make_lake(bars)
    before = {name: read(store, name) for name in ("ONE", "TWO")}
    builder = FeatureBuilder(store.settings)

    with watched(store) as seen:
        again = builder.build(["ONE", "TWO", "GONE"], "again", test=False)
    assert seen == {(360, 1)}, "a reader saw half a build"
    assert again.rows == first.rows
    assert all(read(store, name).equals(before[name], null_equal=True) for name in before)

    with store.transaction(producer="bars", run_id="gone") as tx:
        tx.delete("market.bars", instrument=["GONE"])
    write(store, bars_of("ONE", 130, 0)[120:].with_columns(pl.col("close") * 0 + 70.0))
    third = builder.build(["GONE", "ONE"], "third", test=False)
    assert third.rows["feature_matrix"] == {"GONE": 0, "ONE": 130}
    assert third.rows["stg_bars"]["GONE"] == third.rows["feat_xs_momentum"]["GONE"] == 0
    runs = store.query("SELECT instrument, run_id, count(*) n FROM features.feature_matrix GROUP BY ALL ORDER BY 1")
    assert runs.rows() == [("ONE", "third", 130), ("TWO", "again", 120)]
    assert read(store, "TWO").equals(before["TWO"], null_equal=True)


def test_slices_are_whole_silent_and_report_a_broken_rule(make_lake, bars_of, monkeypatch, capfd):
    monkeypatch.setattr("hf_platform.features.build.SLICE", 2)
    soiled = pl.Series(np.where(np.arange(60) == 50, -1.0, 1.0))
    bars = [bars_of("S0", 60, 0), bars_of("S1", 60, 1), bars_of("S2", 60, 2).with_columns(pl.col("volume") * soiled)]
    environment = dict(os.environ)
    capfd.readouterr()
    store, result = make_lake(pl.concat(bars), test=True)

    assert capfd.readouterr() == ("", "")
    assert dict(os.environ) == environment
    ranked = store.query("SELECT count(xs_momentum_rank_20) FROM features.feature_matrix")
    assert ranked.item() == 3 * 40
    assert store.query("SELECT min(n_peers), max(n_peers) FROM features.feat_xs_momentum").row(0) == (2, 2)
    failed = [test for test in result.tests if not test.passed]
    assert [(test.node, test.name, test.status, test.failures) for test in failed] == [
        ("feat_volume", "feat_volume_within_bounds", "fail", 1)
    ]


def test_selects_models_by_name(built):
    store, _ = built
    steps = FeatureBuilder(store.settings)
    with pytest.raises(UnknownNameError, match="feature model 'feat_mood'"):
        steps.build(["WHOLE"], "run", select=["feat_mood"])


@pytest.mark.parametrize("name", ["a'; drop table x", "../../etc/passwd", "", "spx", "A" * 33])
def test_refuses_names_that_cannot_be(built, name):
    with pytest.raises(ConfigError, match="instrument's name matches"):
        FeatureBuilder(built[0].settings).build([name], "run")


def test_refuses_a_run_id_that_could_be_sql(built):
    with pytest.raises(ConfigError, match="a run id matches"):
        FeatureBuilder(built[0].settings).build(["WHOLE"], "x'; drop")


def test_no_instruments_is_no_work(built):
    result = FeatureBuilder(built[0].settings).build([], "run")
    assert result.tests == ()
    assert all(rows == {} for rows in result.rows.values())


def test_without_a_lake_says_so(settings):
    with pytest.raises(LakeMissingError):
        FeatureBuilder(settings).build(["WHOLE"], "run")


def test_the_macros_refuse_what_the_builder_would(built):
    results = dbt_runner.invoke(
        "run", built[0].settings, ["stg_bars"], {"instruments": ["x') or ('1'='1"], "run_id": "run"}
    )
    assert [str(one.status) for one in results] == ["error"]
    assert "instrument names match" in results[0].message
