"""What every backtest stage does: find the keys that must be judged anew, store the rows, say what came of each."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, get_args

from hf_platform.backtest.forecast_sample import read_versions
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus, StageOutcome
from hf_platform.models.code_version import code_version
from hf_platform.risk.value_at_risk import chunks_of_instruments
from hf_platform.types import GridKey

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

ResultTable = Literal["backtests.forecast_scores", "backtests.comparisons", "backtests.strategies", "backtests.drift"]
_STORED: Final[dict[ResultTable, str]] = {
    table: f"""
    SELECT instrument, horizon, any_value(data_version) AS data_version, any_value(code_version) AS code_version
    FROM {table} WHERE as_of = $as_of AND producer = $producer AND instrument IN (SELECT unnest($instruments))
    GROUP BY ALL
    """
    for table in get_args(ResultTable)
}
_CHUNK = 25  # instruments that are judged at a time, and one commit


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one backtest stage is: where its rows go, how they are made, and what it says of a key.

    Parameters
    ----------
    producer : str
        The stage.
    table : str
        Where its rows are kept, the newest backtest only.
    judge : callable
        ``judge(store, keys, as_of, snapshot)`` makes the rows of some keys, without versions.
    unended : str
        Reason of a key that has nothing to judge yet, and is skipped.
    with_estimates : bool
        Whether VaR numbers are judged too, so that a new one makes a key stale.
    remarks : callable, optional
        What to say of keys that were done, from the new rows.
    code : tuple of str
        Packages whose code decides the rows.
    """

    producer: str
    table: ResultTable
    judge: "Callable[[Lake, Sequence[GridKey], datetime, int | None], pl.DataFrame]"
    unended: str
    with_estimates: bool = False
    remarks: "Callable[[pl.DataFrame], Mapping[GridKey, str]] | None" = None
    code: tuple[str, ...] = ("hf_platform.backtest",)

    def run(self, store: "Lake", keys: Sequence[GridKey], *, as_of: datetime, run_id: str) -> StageOutcome:
        """Judge the stale ones of some keys, chunk by chunk; a key without forecasts has failed."""
        started = time.perf_counter()
        version = code_version(*self.code)
        outcomes: dict[GridKey, KeyOutcome] = {}
        snapshot: int | None = None
        for chunk in chunks_of_instruments(keys, _CHUNK):
            read_at = store.latest_snapshot()
            versions = read_versions(store, chunk, as_of, with_estimates=self.with_estimates)
            standing = Standing(store, chunk, as_of, versions, table=self.table, producer=self.producer, code=version)
            rows = self.judge(store, standing.stale, as_of, read_at)
            if standing.stale:
                snapshot = write_slice(
                    store, self.table, standing.stamped(rows), standing.stale, producer=self.producer, run_id=run_id
                )
            say = self.remarks(rows).get if self.remarks is not None else None
            absent = "no forecast is stored for this key: see its families"
            outcomes |= standing.outcomes(rows, absent, self.unended, say)
        return StageOutcome(self.producer, outcomes, snapshot, time.perf_counter() - started, version)


class Standing:
    """What the keys of a chunk rest on, beside what is stored of them.

    Parameters
    ----------
    store : Lake
    keys : sequence of GridKey
    as_of : datetime
    versions : polars.DataFrame
        instrument, horizon, n_inputs, newest_origin, data_version.
    table : str
        Where the stage keeps its rows.
    producer : str
        The stage.
    code : str
        Version of its code.
    """

    def __init__(
        self, store: "Lake", keys: Sequence[GridKey], as_of: datetime, versions: "pl.DataFrame",
        *, table: ResultTable, producer: str, code: str,
    ) -> None:  # fmt: skip
        self.keys, self.code, self._as_of = tuple(keys), code, as_of
        self._inputs = {GridKey(row["instrument"], row["horizon"]): row for row in versions.iter_rows(named=True)}
        names = {"as_of": as_of, "producer": producer, "instruments": [key.instrument for key in keys]}
        stored = {
            GridKey(row["instrument"], row["horizon"]): (row["data_version"], row["code_version"])
            for row in store.query(_STORED[table], names).iter_rows(named=True)
        }
        self.stale = [
            key
            for key in self.keys
            if self._inputs[key]["n_inputs"] and stored.get(key) != (self._inputs[key]["data_version"], code)
        ]

    def stamped(self, frame: "pl.DataFrame") -> "pl.DataFrame":
        """Add as_of, data_version and code_version to rows by instrument and horizon."""
        import polars as pl

        versions = pl.DataFrame(
            [(key.instrument, key.horizon, self._inputs[key]["data_version"]) for key in self.stale],
            schema={"instrument": pl.String, "horizon": pl.String, "data_version": pl.String},
            orient="row",
        )
        return frame.join(versions, on=["instrument", "horizon"], how="left").with_columns(
            as_of=pl.lit(self._as_of).cast(pl.Datetime("us")), code_version=pl.lit(self.code)
        )

    def outcomes(
        self, written: "pl.DataFrame", absent: str, unended: str, say: Callable[[GridKey], str | None] | None = None
    ) -> dict[GridKey, KeyOutcome]:
        """Say per key what was done.

        Parameters
        ----------
        written : polars.DataFrame
            The new rows.
        absent, unended : str
            Reasons: of a failed key without inputs, and of a skipped one without anything to judge.
        say : callable, optional
            A remark on a key that was done.
        """
        counted = written.group_by("instrument", "horizon").len() if written.height else None
        n_rows = {} if counted is None else {GridKey(r[0], r[1]): int(r[2]) for r in counted.iter_rows()}
        return {key: self._outcome(key, n_rows.get(key, 0), absent, unended, say) for key in self.keys}

    def _outcome(
        self, key: GridKey, n_rows: int, absent: str, unended: str, say: Callable[[GridKey], str | None] | None
    ) -> KeyOutcome:  # fmt: skip
        row = self._inputs[key]
        if not row["n_inputs"]:
            return KeyOutcome(KeyStatus.FAILED, absent, n_failed=1)
        stale = key in self.stale
        if stale and not n_rows:
            return KeyOutcome(KeyStatus.SKIPPED, unended, data_version=row["data_version"])
        return KeyOutcome(
            KeyStatus.OK, say(key) if say is not None and n_rows else None, n_ok=n_rows, n_reused=int(not stale),
            n_rows=n_rows, data_version=row["data_version"], last_origin=row["newest_origin"],
        )  # fmt: skip


def write_slice(
    store: "Lake", table: ResultTable, frame: "pl.DataFrame", stale: Sequence[GridKey],
    *, producer: str, run_id: str,
) -> int | None:  # fmt: skip
    """Replace the rows of the stale keys; the newest backtest only is kept. Returns the snapshot."""
    by_horizon: dict[str, list[str]] = {}
    for key in stale:
        by_horizon.setdefault(key.horizon, []).append(key.instrument)
    with store.transaction(producer=producer, run_id=run_id, message=f"{producer} of {len(stale)} keys") as tx:
        for horizon, instruments in by_horizon.items():
            tx.delete(table, instrument=instruments, horizon=[horizon])
        if frame.height:
            tx.append(table, frame)
    return tx.snapshot_id
