from datetime import datetime

import polars as pl

from hf_platform.cli.revisions import print_revisions
from hf_platform.market.source import RAW_SCHEMA

at = datetime.fromisoformat


def test_both_values_of_a_restated_price_are_shown(store, capsys):
    rows = [("A", "1d", at("2024-01-02T21:00"), known, None, None, None, close, 5.0, "rest")
            for known, close in ((at("2024-01-02T21:30"), 10.0), (at("2024-02-01"), 11.5))]  # fmt: skip
    rows.append(("B", "1d", at("2024-01-02T21:00"), at("2024-01-02T21:30"), None, None, None, 7.0, None, "rest"))
    frame = pl.DataFrame(rows, schema=RAW_SCHEMA, orient="row").with_columns(ingested_at=pl.col("known_at"))
    with store.transaction("raw_prices", "r") as tx:
        tx.append("market.raw_prices", frame)
    print_revisions(store.settings, None, None)
    said = capsys.readouterr().out
    assert "1 prices were restated" in said
    assert "11.5" in said
    print_revisions(store.settings, "b", None)
    print_revisions(store.settings, None, at("2024-03-01"), quiet=True)
    assert capsys.readouterr().out.strip() == "No source has contradicted itself."
