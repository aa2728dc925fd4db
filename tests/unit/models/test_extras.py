"""Which families a run has, and what a user is told when a family's library is not installed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import polars as pl
import pytest

from hf_platform.errors import ConfigError, PlatformError
from hf_platform.fitting.executors import InlineExecutor
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.fitting.outcome import KeyStatus
from hf_platform.lake import Lake
from hf_platform.models import FAMILIES, chosen_families, extras, get_family
from hf_platform.models.base import ModelFamily, Series
from hf_platform.settings import Settings
from hf_platform.types import GridKey

Maker = Callable[..., Series]


def test_the_default_is_every_family_that_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HFP_FAMILIES")
    chosen = chosen_families(Settings())
    assert {"ewma", "garch", "elastic_net", "lightgbm"} <= {family.name for family in chosen}
    assert all(family.extra is None for family in chosen)
    assert [family.name for family in chosen_families(Settings(families=("garch",)))] == ["garch"]


@pytest.mark.parametrize("value", ["garch garhc", ""])
def test_names_are_checked_when_settings_are_read(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HFP_FAMILIES", value)
    with pytest.raises(ConfigError, match=r"HFP_FAMILIES: .*elastic_net"):
        Settings.from_env()


def test_every_extra_of_a_family_is_declared_by_the_package() -> None:
    for family in FAMILIES:
        assert extras.missing_extra(family) is None, "the test environment has every extra"


def test_a_missing_extra_is_one_row_a_key_and_the_others_go_on(
    store: Lake, settings: Settings, make_series: Maker
) -> None:
    lacking: ModelFamily = replace(get_family("ewma"), extra="no-such-extra")  # type: ignore[type-var]
    keys = [GridKey("AAA", "1d"), GridKey("AAA", "5d")]
    with store.transaction("raw_prices", "setup") as tx:
        row = {"instrument": ["AAA"], "calendar": ["24/7"], "valid_from": [datetime.fromisoformat("1995-01-03")]}
        tx.append("market.universe", pl.DataFrame(row))

    def read(
        store: Lake, names: Sequence[str], frequency: str, as_of: datetime, features: Sequence[str]
    ) -> tuple[Mapping[str, Series], Mapping[str, PlatformError]]:
        return {name: make_series(name, n_bars=400) for name in names}, {}

    def fit(family: ModelFamily):
        return fit_grid(
            family, keys, store, as_of=datetime.fromisoformat("1999-01-01"), run_id="r", executor=InlineExecutor(1),
            settings=settings, read=read,
        )  # fmt: skip

    refused = fit(lacking)
    assert refused.count(KeyStatus.FAILED) == 2
    assert "pip install 'hf-platform[no-such-extra]'" in (refused.keys[keys[0]].reason or "")
    rows = store.query("select status, reason from models.ledger")
    assert rows["status"].to_list() == ["error", "error"]
    installed = fit(get_family("ewma"))
    assert installed.count(KeyStatus.OK) == 2
