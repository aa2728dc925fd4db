"""Which model is better, where that can be said: confidence sets, a test of the benchmark, pairs, and stability."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from hf_platform.backtest import breaks
from hf_platform.backtest.comparison import diebold_mariano
from hf_platform.backtest.confidence_set import compare_losses
from hf_platform.backtest.forecast_backtest import picks_of
from hf_platform.backtest.forecast_sample import RANDOM_WALK, read_bars, read_outcomes
from hf_platform.backtest.loss_panel import LossPanel, forecast_panels, method_panels
from hf_platform.backtest.sample import read_samples
from hf_platform.backtest.standing import Judgement
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.types import GridKey

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

STAGE: Final = "model_comparison"
BASELINE_METHOD: Final = "ewma"
COMPARED_CONFIDENCES: Final = (0.975, 0.99)
_PARAMETERS: Final = """
WITH keys AS (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon)
SELECT instrument, horizon, family || '/' || variant AS member, train_end, params_json
FROM models.ledger SEMI JOIN keys USING (instrument, horizon)
WHERE status = 'ok' AND as_of <= $as_of AND params_json IS NOT NULL AND log_likelihood IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY instrument, horizon, family, variant, train_end
                           ORDER BY as_of DESC, created_at DESC, model_id) = 1
ORDER BY instrument, horizon, member, train_end
"""
_SCHEMA: Final = {
    "instrument": str, "horizon": str, "member": str, "benchmark": str, "score": str, "test": str,
    "n_forecasts": int, "mean_difference": float, "statistic": float, "p_value": float, "verdict": str, "reason": str,
    "window_start": datetime, "window_end": datetime,
}  # fmt: skip
Row = tuple[object, ...]


def backtest(store: "Lake", keys: Sequence[GridKey], *, as_of: datetime, run_id: str) -> StageOutcome:
    """Compare stored forecasts with each other and with the random walk, and ask whether anything changed.

    Parameters
    ----------
    store : Lake
    keys : sequence of GridKey
    as_of : datetime
        Knowledge cutoff, naive UTC.
    run_id : str

    Returns
    -------
    StageOutcome
        A key has failed where no forecast is stored, and is skipped where no horizon has ended yet.

    Raises
    ------
    StoreError
        If the lake cannot be read or written.

    Notes
    -----
    Writes `backtests.comparisons`, the newest comparison only, one row a member and test, on origins that all
    compared members have and that do not overlap:

    * QLIKE of the volatility members and ensemble, squared error of the return members and ensemble, and tick
      and joint VaR-ES loss of the VaR methods at 97.5 and 99 % (long positions);
    * `model_confidence_set` (95 %): verdict `better` for the only model left, `worse` outside the set, else
      `cannot tell`; `superior_predictive_ability`: does anything beat the benchmark; `diebold_mariano`: each
      member against the benchmark, the random walk (of VaR methods: EWMA);
    * `cusum` of the ensemble's losses with the dates of shifts in their mean, verdict `stable` or `changed`;
    * `parameter_drift` of likelihood models: the newest estimate among its own past.

    Members that cover less than four fifths of the forecasts are left out of the common origins and say so.
    """
    stage = Judgement(
        STAGE, "backtests.comparisons", compare, with_estimates=True,
        unended="no horizon has ended yet: there is no realised return to compare on",
    )  # fmt: skip
    return stage.run(store, keys, as_of=as_of, run_id=run_id)


def compare(store: "Lake", keys: Sequence[GridKey], as_of: datetime, snapshot: int | None) -> "pl.DataFrame":
    """Make the rows of `backtests.comparisons` of some keys, without versions."""
    import polars as pl

    rows: list[Row] = []
    if keys:
        found = read_outcomes(store, keys, read_bars(store, keys, as_of, snapshot), as_of, snapshot)
        if found:
            for panel in forecast_panels(store, picks_of(found), as_of, snapshot):
                rows.extend(panel_rows(panel, RANDOM_WALK))
                rows.extend(_stability_rows(panel))
            rows.extend(_drift_rows(store, list(found), as_of, snapshot))
        samples = read_samples(store, keys, as_of, snapshot, confidences=COMPARED_CONFIDENCES, signs=(1,))
        for panel in method_panels(samples):
            rows.extend(panel_rows(panel, BASELINE_METHOD))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def panel_rows(panel: LossPanel, benchmark: str) -> Iterator[Row]:
    """Compare the members of one panel: confidence set, test of the benchmark, each against the benchmark."""
    head = (panel.key.instrument, panel.key.horizon)
    dates = (panel.origins[0].item(), panel.origins[-1].item())
    for member, reason in panel.left_out.items():
        yield (*head, member, "all", panel.score, "model_confidence_set", panel.n_forecasts, None, None, None,
               "cannot tell", reason, *dates)  # fmt: skip
    if len(panel.members) < 2:
        return
    at = panel.members.index(benchmark) if benchmark in panel.members else None
    chosen, ability = compare_losses(panel.losses, at)
    for column, member in enumerate(panel.members):
        gap = float(chosen.mean_losses[column] - chosen.mean_losses.min())
        p_value = None if chosen.p_values is None else float(chosen.p_values[column])
        kept = "better" if chosen.winner == column else "cannot tell"
        verdict = kept if chosen.included[column] else "worse"
        yield (*head, member, "all", panel.score, "model_confidence_set", chosen.n_forecasts, gap, None, p_value,
               verdict, chosen.reason, *dates)  # fmt: skip
    if at is None or ability is None:
        return
    others = [column for column in range(len(panel.members)) if column != at]
    best = others[ability.best]
    gap = float(chosen.mean_losses[best] - chosen.mean_losses[at])
    yield (*head, panel.members[best], benchmark, panel.score, "superior_predictive_ability", ability.n_forecasts, gap,
           ability.statistic, ability.p_value, "better" if ability.verdict == "beaten" else "cannot tell",
           ability.reason, *dates)  # fmt: skip
    for column in others:
        pair = diebold_mariano(panel.losses[:, column], panel.losses[:, at])
        yield (*head, panel.members[column], benchmark, panel.score, "diebold_mariano", pair.n_forecasts,
               pair.mean_difference, pair.statistic, pair.p_value, pair.verdict, pair.reason, *dates)  # fmt: skip


def _stability_rows(panel: LossPanel) -> Iterator[Row]:
    name = "volatility_ensemble" if panel.score == "qlike" else "return_ensemble"
    if name not in panel.members:
        return
    losses = panel.losses[:, panel.members.index(name)]
    test = breaks.cusum_test(losses)
    verdict, reason = "cannot tell", test.reason
    if test.p_value is not None:
        verdict = "changed" if test.p_value < 0.01 else "stable"
        shifts = breaks.break_points(losses)
        days = [f"{panel.origins[at].item():%Y-%m-%d}" for at in shifts.starts.tolist()]
        reason = f"shifts of the mean loss dated {', '.join(days)}" if days else "no shift of the mean loss dated"
    dates = (panel.origins[0].item(), panel.origins[-1].item())
    yield (panel.key.instrument, panel.key.horizon, name, "its own past", panel.score, "cusum", panel.n_forecasts,
           None, test.statistic, test.p_value, verdict, reason, *dates)  # fmt: skip


def _drift_rows(
    store: "Lake", keys: Sequence[GridKey], as_of: datetime, snapshot: int | None
) -> Iterator[Row]:  # fmt: skip
    names = {"instruments": [key.instrument for key in keys], "horizons": [key.horizon for key in keys]}
    frame = store.query(_PARAMETERS, names | {"as_of": as_of}, snapshot)
    for (instrument, horizon, member), part in frame.group_by("instrument", "horizon", "member", maintain_order=True):
        estimates = [_numbers(text) for text in part["params_json"].to_list()]
        dates = (part["train_end"][0], part["train_end"][-1])
        for name in estimates[-1]:
            series = [values[name] for values in estimates if name in values]
            drift = breaks.parameter_drift(series)
            verdict = "cannot tell" if drift.distance is None else ("changed" if drift.has_drifted else "stable")
            reason = (
                drift.reason or f"newest {drift.newest:.6g}, median of {len(series) - 1} earlier {drift.median:.6g}"
            )
            yield (instrument, horizon, member, "its own past", f"parameter {name}", "parameter_drift", len(series),
                   drift.newest - drift.median, drift.distance, None, verdict, reason, *dates)  # fmt: skip


def _numbers(text: str) -> dict[str, float]:
    # Finite numbers of a stored parameter set; families may keep other things beside them.
    found: object = json.loads(text)
    items = cast("dict[str, object]", found).items() if isinstance(found, dict) else ()
    return {
        name: float(value)
        for name, value in items
        if isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
    }
