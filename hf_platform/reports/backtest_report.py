"""The report stage: pages for keys whose backtest changed, and the index over all pages."""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hf_platform.fitting.outcome import KeyOutcome, KeyStatus, StageOutcome
from hf_platform.horizons import FREQUENCIES, Horizon
from hf_platform.models.code_version import code_version
from hf_platform.models.identity import content_hash
from hf_platform.reports import pages
from hf_platform.reports.evidence import NEWEST_TESTS, Row, read_evidence
from hf_platform.reports.risk_report import newest_pages
from hf_platform.reports.words import HEADLINE_CONFIDENCE
from hf_platform.risk.value_at_risk import chunks_of_instruments
from hf_platform.settings import Settings
from hf_platform.types import GridKey

if TYPE_CHECKING:
    from hf_platform.lake import Lake

STAGE: Final = "backtest_report"
_CHUNK = 25  # instruments whose evidence is held in memory at a time
_NEWEST: Final = """
SELECT instrument, horizon, value_at_risk FROM risk.value_at_risk
WHERE method = 'ensemble' AND position_sign = 1 AND confidence = $confidence AND known_at <= $as_of
QUALIFY row_number() OVER (PARTITION BY instrument, horizon
                           ORDER BY forecast_origin DESC, known_at DESC, created_at DESC, var_id) = 1
"""
_BESIDE: Final = """
SELECT instrument, horizon, string_agg(DISTINCT concat_ws('|', producer, data_version, code_version, as_of), ';'
                                       ORDER BY concat_ws('|', producer, data_version, code_version, as_of))
FROM (SELECT instrument, horizon, producer, data_version, code_version, as_of FROM backtests.forecast_scores
      UNION ALL SELECT instrument, horizon, producer, data_version, code_version, as_of FROM backtests.comparisons
      UNION ALL SELECT instrument, horizon, producer, data_version, code_version, as_of FROM backtests.strategies
      UNION ALL SELECT DISTINCT instrument,
                       CASE horizon WHEN 'overnight' THEN '1d' ELSE regexp_replace(horizon, '_session$', '') END,
                       producer, data_version, code_version, as_of
                FROM backtests.var_tests WHERE producer IN ('overnight_var', 'intraday_var'))
WHERE data_version IS NOT NULL
GROUP BY ALL
"""


def write(store: "Lake", keys: Sequence[GridKey], settings: Settings, *, as_of: datetime, run_id: str) -> StageOutcome:
    """Write one self-contained HTML page per key under `HFP_HOME/reports`, and `index.html` over all.

    Parameters
    ----------
    store : Lake
    keys : sequence of GridKey
    settings : Settings
        Names the folder.
    as_of : datetime
        Knowledge cutoff, naive UTC; the newest backtest at or before it is shown.
    run_id : str
        Of the calling run. Pages name the runs that wrote the numbers, so that they stay the same
        bytes as long as the lake holds the same content.

    Returns
    -------
    StageOutcome
        A key has failed where no backtest is stored. `n_ok` is 1 for a page written, `n_reused` 1 for
        a page whose inputs were unchanged.

    Raises
    ------
    StoreError
        If the lake cannot be read.
    OSError
        If the folder cannot be written.
    """
    started = time.perf_counter()
    version = code_version("hf_platform.reports", "hf_platform.backtest")
    settings.reports.mkdir(parents=True, exist_ok=True)
    tests = _tests_by_key(store, as_of)
    shape = content_hash(version, pages.template_text())
    beside = _versions_beside(store)
    inputs = {key: _inputs(rows, content_hash(shape, beside.get(key, ""))) for key, rows in tests.items()}
    known = [key for key in keys if key in tests]
    stale = [key for key in known if pages.inputs_of(page_path(settings, key)) != inputs[key]]
    for chunk in chunks_of_instruments(stale, _CHUNK):
        for key, evidence in read_evidence(store, chunk, tests, as_of).items():
            pages.write_text(page_path(settings, key), pages.render_page(evidence, inputs[key], version))
    _write_index(store, settings, tests, as_of)
    outcomes = {key: _outcome(key, tests.get(key), inputs.get(key, ""), key in set(stale)) for key in keys}
    return StageOutcome(STAGE, outcomes, store.latest_snapshot(), time.perf_counter() - started, version)


def page_path(settings: Settings, key: GridKey) -> Path:
    """Return where the page of a key lies."""
    return pages.page_path(settings.reports, key)


def index_path(settings: Settings) -> Path:
    """Return where the index over all pages lies."""
    return settings.reports / "index.html"


def write_index(store: "Lake", settings: Settings, *, as_of: datetime) -> None:
    """Write the index anew: the risk pages of portfolios, and every backtest page that lies there."""
    settings.reports.mkdir(parents=True, exist_ok=True)
    _write_index(store, settings, _tests_by_key(store, as_of), as_of)


def _versions_beside(store: "Lake") -> dict[GridKey, str]:
    # What the other backtests of each key rest on; their tables hold the newest backtest only.
    rows = store.query(_BESIDE).iter_rows()
    return {GridKey(str(instrument), str(horizon)): str(versions) for instrument, horizon, versions in rows}


def _tests_by_key(store: "Lake", as_of: datetime) -> dict[GridKey, list[Row]]:
    frame = store.query(NEWEST_TESTS, {"as_of": as_of})
    parts = frame.partition_by("instrument", "horizon", as_dict=True, maintain_order=True)
    return {GridKey(str(names[0]), str(names[1])): part.to_dicts() for names, part in parts.items()}


def _inputs(tests: Sequence[Row], shape: str) -> str:
    # The data version covers estimates and prices, and estimates name the forecasts behind them.
    first = tests[0]
    return content_hash(shape, *(str(first[name]) for name in ("data_version", "code_version", "as_of", "run_id")))


def _write_index(store: "Lake", settings: Settings, tests: dict[GridKey, list[Row]], as_of: datetime) -> None:
    newest = {
        GridKey(str(row["instrument"]), str(row["horizon"])): row
        for row in store.query(_NEWEST, {"as_of": as_of, "confidence": HEADLINE_CONFIDENCE}).to_dicts()
    }
    listed = [key for key in sorted(tests, key=_place) if page_path(settings, key).exists()]
    rows = [pages.index_row(key, tests[key], newest.get(key)) for key in listed]
    words = {"pass": "no test rejects", "fail": "at least one test rejects", "cannot tell": "too few breaches to judge"}
    cells = [(word, str(sum(row["verdict"] == word for row in rows)), meaning) for word, meaning in words.items()]
    benchmarks = settings.reports / f"{pages.BENCHMARKS}.html"
    tables = benchmarks.name if benchmarks.exists() else ""
    quality = pages.QUALITY if (settings.reports / pages.QUALITY).exists() else ""
    text = pages.render_index(rows, cells, newest_pages(settings.reports), tables, quality)
    path = index_path(settings)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        pages.write_text(path, text)


def _place(key: GridKey) -> tuple[str, int, int]:
    # By instrument, then from near to far.
    horizon = Horizon.parse(key.horizon)
    return key.instrument, list(FREQUENCIES).index(horizon.frequency), horizon.n_bars


def _outcome(key: GridKey, tests: list[Row] | None, inputs: str, written: bool) -> KeyOutcome:
    if tests is None:
        return KeyOutcome(KeyStatus.FAILED, f"no backtest of {key} is stored: see var_backtest", n_failed=1)
    last = max(row["window_end"] for row in tests if isinstance(row["window_end"], datetime))
    return KeyOutcome(
        KeyStatus.OK,
        n_ok=int(written),
        n_reused=int(not written),
        n_rows=int(written),
        data_version=inputs,
        last_origin=last,
    )
