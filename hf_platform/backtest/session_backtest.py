"""Tests of VaR over parts of sessions: nights, and the time from an open to its close."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.backtest.sample import VarSample
from hf_platform.backtest.var_backtest import battery_frame, breach_rows
from hf_platform.models.code_version import code_version
from hf_platform.models.identity import content_hash
from hf_platform.risk.session_rows import Realised
from hf_platform.types import GridKey

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

_TESTED: Final = """
SELECT instrument, horizon, arg_max(data_version, created_at) AS data_version, arg_max(code_version, created_at) AS code
FROM backtests.var_tests WHERE as_of = $as_of AND producer = $producer GROUP BY ALL
"""
_ESTIMATES: Final = """
SELECT instrument, horizon, method, confidence, position_sign, forecast_origin, value_at_risk, expected_shortfall,
       var_id
FROM risk.value_at_risk SEMI JOIN (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon)
    USING (instrument, horizon)
WHERE known_at <= $as_of
QUALIFY row_number() OVER (PARTITION BY instrument, horizon, method, confidence, position_sign, forecast_origin
                           ORDER BY known_at DESC, created_at DESC, var_id) = 1
ORDER BY instrument, horizon, method, position_sign, confidence, forecast_origin
"""


def backtest(
    store: "Lake", realised: Mapping[GridKey, Realised], *, producer: str, as_of: datetime, run_id: str
) -> dict[GridKey, int]:
    """Test stored VaR of parts of sessions against the losses that followed.

    Parameters
    ----------
    store : Lake
    realised : mapping of GridKey to Realised
        By instrument and stored horizon.
    producer : str
        The stage whose VaR it is; its slice of the tables is written.
    as_of : datetime
        Knowledge cutoff, naive UTC.
    run_id : str

    Returns
    -------
    dict of GridKey to int
        Tests written; a key whose forecasts, prices and code are those of its last backtest at this `as_of` is absent.

    Raises
    ------
    StoreError
        If the lake cannot be read or written.

    Notes
    -----
    Writes `backtests.var_tests` and `backtests.breaches`; one period a session, so that verdicts count sessions.
    """
    import polars as pl

    code = code_version("hf_platform.backtest")
    done = {
        GridKey(row[0], row[1]): (row[2], row[3])
        for row in store.query(_TESTED, {"as_of": as_of, "producer": producer}).iter_rows()
    }
    stale = {key: found for key, found in realised.items() if done.get(key) != (content_hash(found.version), code)}
    if not stale:
        return {}
    read_at = store.latest_snapshot()
    names = {"instruments": [key.instrument for key in stale], "horizons": [key.horizon for key in stale]}
    samples = _samples(store.query(_ESTIMATES, names | {"as_of": as_of}), stale)
    if not samples:
        return {}
    versions = pl.DataFrame(
        [(key.instrument, key.horizon, content_hash(found.version)) for key, found in stale.items()],
        schema={"instrument": pl.String, "horizon": pl.String, "data_version": pl.String},
        orient="row",
    )
    tests = battery_frame(samples, versions, as_of, code, read_at)
    breaches = breach_rows(samples)
    with store.transaction(producer=producer, run_id=run_id, message=f"{producer}: {tests.height} tests") as tx:
        tx.append("backtests.var_tests", tests)
        for horizon in sorted({key.horizon for key in stale}):
            instruments = [key.instrument for key in stale if key.horizon == horizon]
            tx.delete("backtests.breaches", instrument=instruments, horizon=[horizon])
        if breaches.height:
            tx.append("backtests.breaches", breaches.with_columns(as_of=pl.lit(as_of).cast(pl.Datetime("us"))))
    counted = tests.group_by("instrument", "horizon").len()
    return {GridKey(row[0], row[1]): int(row[2]) for row in counted.iter_rows()}


def _samples(estimates: "pl.DataFrame", realised: Mapping[GridKey, Realised]) -> list[VarSample]:
    names = ("instrument", "horizon", "method", "position_sign", "confidence")
    found: list[VarSample] = []
    for values, part in estimates.partition_by(*names, as_dict=True, maintain_order=True).items():
        instrument, horizon, method, sign, confidence = values
        truth = realised[GridKey(str(instrument), str(horizon))]
        origins = part["forecast_origin"].to_numpy().astype("datetime64[us]")
        _, mine, theirs = np.intersect1d(origins, truth.origins, return_indices=True)
        theirs = theirs[np.isfinite(truth.losses[theirs])] if mine.size else theirs
        mine = mine[np.isin(origins[mine], truth.origins[theirs])]
        if not mine.size:
            continue
        identities: Sequence[str] = part["var_id"].gather(mine).to_list()
        found.append(
            VarSample(
                GridKey(str(instrument), str(horizon)),
                str(method),
                float(confidence),
                origins[mine],
                truth.targets[theirs],
                int(sign) * truth.losses[theirs],
                part["value_at_risk"].to_numpy()[mine],
                part["expected_shortfall"].to_numpy()[mine],
                tuple(identities),
                int(sign),
            )
        )
    return found
