"""The backtest of stored VaR: realised returns against what was forecast, nothing refitted."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.backtest.battery import run_battery, run_distribution_battery, run_tail_battery
from hf_platform.backtest.placement import read_places
from hf_platform.backtest.sample import VarSample, read_samples, read_versions
from hf_platform.backtest.scores import score_methods
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus, StageOutcome
from hf_platform.models.code_version import code_version
from hf_platform.risk.value_at_risk import chunks_of_instruments
from hf_platform.types import FloatArray, GridKey

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

STAGE: Final = "var_backtest"
_HEADLINE: Final = 0.99
_CHUNK = 25  # instruments held in memory at a time, and one commit
_REUSED: Final = """
SELECT instrument, horizon, arg_max(data_version, created_at) AS data_version, arg_max(code_version, created_at) AS code
FROM backtests.var_tests
WHERE as_of = $as_of AND producer = 'var_backtest' AND instrument IN (SELECT unnest($instruments))
GROUP BY ALL
"""


def backtest(store: "Lake", keys: Sequence[GridKey], *, as_of: datetime, run_id: str) -> StageOutcome:
    """Test every stored VaR of some keys against the returns known at `as_of`.

    Parameters
    ----------
    store : Lake
    keys : sequence of GridKey
    as_of : datetime
        Knowledge cutoff, naive UTC: later prices and estimates are not seen.
    run_id : str

    Returns
    -------
    StageOutcome
        A key has failed where no VaR is stored, and is skipped where no horizon has ended yet.
        `n_ok` counts tests made, `n_reused` keys whose inputs and code were unchanged.

    Raises
    ------
    UnknownNameError
        If a horizon of the keys cannot be read.
    StoreError
        If the lake cannot be read or written.

    Notes
    -----
    Writes `backtests.var_tests` (kept for every `as_of`), and `backtests.breaches` and the VaR scores in
    `backtests.forecast_scores` (of the newest backtest only), for every stored method, confidence and
    position, long and short; of long positions of the ensemble also over the last 250 forecasts alone.
    Horizons of several bars are tested on origins that do not overlap. Nothing is
    written for a key whose estimates, prices and code are those of the last backtest at this `as_of`.
    """
    started = time.perf_counter()
    version = code_version("hf_platform.backtest")
    outcomes: dict[GridKey, KeyOutcome] = {}
    snapshot: int | None = None
    for chunk in chunks_of_instruments(keys, _CHUNK):
        read_at = store.latest_snapshot()
        standing = _Standing(store, chunk, as_of, version)
        samples = read_samples(store, standing.stale, as_of, read_at) if standing.stale else []
        places = read_places(store, [sample for sample in samples if _is_headline(sample)], as_of, read_at)
        frames = _frames(samples, standing, as_of, version, snapshot=read_at, places=places)
        if samples:
            frames["backtests.forecast_scores"] = score_methods(samples)
            snapshot = _write(store, frames, as_of, run_id)
        outcomes |= standing.outcomes(samples, frames)
    return StageOutcome(STAGE, outcomes, snapshot, time.perf_counter() - started, version)


class _Standing:
    """What the keys of a chunk rest on, and which of them must be tested anew."""

    def __init__(self, store: "Lake", keys: Sequence[GridKey], as_of: datetime, version: str) -> None:
        self.keys = tuple(keys)
        rows = read_versions(store, keys, as_of, None).rows(named=True)
        self.inputs = {GridKey(row["instrument"], row["horizon"]): row for row in rows}
        names = {"instruments": [key.instrument for key in keys], "as_of": as_of}
        stored = {
            GridKey(row["instrument"], row["horizon"]): (row["data_version"], row["code"])
            for row in store.query(_REUSED, names).iter_rows(named=True)
        }
        self.stale = [
            key
            for key in keys
            if self.inputs[key]["n_estimates"] and stored.get(key) != (self.inputs[key]["data_version"], version)
        ]

    def outcomes(self, samples: Sequence[VarSample], frames: "dict[str, pl.DataFrame]") -> dict[GridKey, KeyOutcome]:
        """Say per key what was done."""
        tested = {sample.key for sample in samples}
        counted = frames["backtests.var_tests"].group_by("instrument", "horizon").len()
        n_tests = {GridKey(row[0], row[1]): int(row[2]) for row in counted.iter_rows()}
        return {key: self._outcome(key, key in tested, n_tests.get(key, 0)) for key in self.keys}

    def _outcome(self, key: GridKey, tested: bool, n_tests: int) -> KeyOutcome:
        row = self.inputs[key]
        if not row["n_estimates"]:
            return KeyOutcome(KeyStatus.FAILED, "no VaR is stored for this key: see value_at_risk", n_failed=1)
        stale = key in self.stale
        status = KeyStatus.OK if tested or not stale else KeyStatus.SKIPPED
        reason = (
            None if status is KeyStatus.OK else "no horizon has ended yet: there is no realised return to test against"
        )
        return KeyOutcome(
            status,
            reason,
            n_ok=n_tests,
            n_reused=0 if stale else 1,
            n_rows=n_tests,
            data_version=row["data_version"],
            last_origin=row["newest_origin"],
        )


def _is_headline(sample: VarSample) -> bool:
    # The whole distribution is tested once a key, beside the confidence that pages speak of.
    return sample.method == "ensemble" and sample.position_sign > 0 and sample.confidence == _HEADLINE


def _frames(
    samples: Sequence[VarSample],
    standing: _Standing,
    as_of: datetime,
    version: str,
    *,
    snapshot: int,
    places: Mapping[GridKey, FloatArray],
) -> "dict[str, pl.DataFrame]":
    import polars as pl

    versions = pl.DataFrame(
        [(key.instrument, key.horizon, standing.inputs[key]["data_version"]) for key in standing.stale],
        schema={"instrument": pl.String, "horizon": pl.String, "data_version": pl.String},
        orient="row",
    )
    return {
        "backtests.var_tests": battery_frame(samples, versions, as_of, version, snapshot, places=places),
        "backtests.breaches": breach_rows(samples),
    }


def battery_frame(
    samples: Sequence[VarSample],
    versions: "pl.DataFrame",
    as_of: datetime,
    code: str,
    snapshot: int,
    *,
    places: Mapping[GridKey, FloatArray] | None = None,
) -> "pl.DataFrame":
    """Run the battery on samples and give the rows of `backtests.var_tests`.

    Parameters
    ----------
    samples : sequence of VarSample
    versions : polars.DataFrame
        instrument, horizon, data_version.
    as_of : datetime
    code : str
        Version of the code.
    snapshot : int
        Of the lake that was read.
    places : mapping of GridKey to float64 array, optional
        Of some keys, where the losses of the ensemble's 99 % sample fall in the whole distribution.
    """
    import polars as pl

    tests = [row for group in _groups(samples) for row in _test_rows(group, places or {})]
    frame = pl.DataFrame(tests, schema=_TEST_SCHEMA, orient="row").with_columns(
        as_of=pl.lit(as_of).cast(pl.Datetime("us")),
        code_version=pl.lit(code),
        lake_snapshot=pl.lit(snapshot, dtype=pl.Int64),
        created_at=pl.lit(datetime.now(UTC).replace(tzinfo=None)).cast(pl.Datetime("us")),
    )
    return frame.join(versions, on=["instrument", "horizon"], how="left")


_TEST_SCHEMA: Final = {
    "instrument": str, "horizon": str, "method": str, "confidence": float, "position_sign": int, "test": str,
    "window_start": datetime, "window_end": datetime, "n_forecasts": int, "n_breaches": int, "statistic": float,
    "degrees_of_freedom": int, "p_value": float, "zone": str, "verdict": str, "reason": str,
}  # fmt: skip


def _groups(samples: Sequence[VarSample]) -> list[list[VarSample]]:
    # One key, method and position, at all confidences.
    groups: dict[tuple[GridKey, str, int], list[VarSample]] = {}
    for sample in samples:
        groups.setdefault((sample.key, sample.method, sample.position_sign), []).append(sample)
    return list(groups.values())


def _test_rows(group: Sequence[VarSample], places: Mapping[GridKey, FloatArray]) -> list[tuple[object, ...]]:
    # The newest window is asked of what is used; the other methods stand beside it over the whole sample.
    recent = group[0].method == "ensemble" and group[0].position_sign > 0
    found = [(sample, row) for sample in group for row in run_battery(sample, recent=recent)]
    found += [
        (sample, row)
        for sample in group
        if _is_headline(sample) and sample.key in places
        for row in run_distribution_battery(sample, places[sample.key])
    ]
    return [
        (
            sample.key.instrument,
            sample.key.horizon,
            sample.method,
            sample.confidence,
            sample.position_sign,
            row.test,
            row.origins[0].item(),
            row.origins[-1].item(),
            row.result.n_forecasts,
            row.result.n_breaches,
            row.result.statistic,
            row.result.degrees_of_freedom,
            row.result.p_value,
            row.zone,
            row.verdict,
            row.reason,
        )
        for sample, row in (*found, *run_tail_battery(group, recent=recent))
    ]


def breach_rows(samples: Sequence[VarSample]) -> "pl.DataFrame":
    """Give the rows of `backtests.breaches`, without `as_of`; empty where no VaR was breached."""
    import polars as pl

    parts = [
        pl.DataFrame(
            {
                "instrument": [sample.key.instrument] * rows.size,
                "horizon": [sample.key.horizon] * rows.size,
                "method": [sample.method] * rows.size,
                "confidence": np.full(rows.size, sample.confidence),
                "position_sign": np.full(rows.size, sample.position_sign, dtype=np.int32),
                "forecast_origin": sample.origins[rows],
                "target_at": sample.targets[rows],
                "loss": sample.losses[rows],
                "value_at_risk": sample.value_at_risk[rows],
                "expected_shortfall": sample.expected_shortfall[rows],
                "var_id": [sample.var_ids[row] for row in rows],
            },
            schema_overrides=dict.fromkeys(("instrument", "horizon", "method", "var_id"), pl.String),
        )
        for sample in samples
        if (rows := np.flatnonzero(sample.breaches)).size
    ]
    return pl.concat(parts) if parts else pl.DataFrame()


def _write(store: "Lake", frames: "dict[str, pl.DataFrame]", as_of: datetime, run_id: str) -> int | None:
    import polars as pl

    tests = frames["backtests.var_tests"]
    done = tests.select("instrument", "horizon").unique().sort("instrument", "horizon")
    stamp = pl.lit(as_of).cast(pl.Datetime("us"))
    with store.transaction(producer=STAGE, run_id=run_id, message=f"backtests of {done.height} keys") as tx:
        tx.append("backtests.var_tests", tests)
        for name in ("backtests.breaches", "backtests.forecast_scores"):
            for (horizon,), of_horizon in done.group_by("horizon", maintain_order=True):
                tx.delete(name, instrument=of_horizon["instrument"].to_list(), horizon=[str(horizon)])
            if frames[name].height:
                tx.append(name, frames[name].with_columns(as_of=stamp))
    return tx.snapshot_id
