"""Backtests: stored VaR and forecasts against realised returns. Nothing is refitted here."""

from collections.abc import Callable, Sequence
from typing import Protocol

import dagster as dg

from assets.partitions import MODEL_GRID
from assets.stages import GridRun, Stage
from hf_platform.backtest import forecast_backtest, model_comparison, strategy_backtest, var_backtest
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.monitoring import drift
from hf_platform.types import GridKey


class _Module(Protocol):
    """A library module with one backtest in it."""

    @property
    def backtest(self) -> Callable[..., StageOutcome]:
        """Backtest some keys."""
        ...


def _stage(name: str, module: _Module, deps: list[str], table: str, description: str) -> Stage:
    def body(run: GridRun, keys: Sequence[GridKey]) -> StageOutcome:
        return module.backtest(run.platform.lake, keys, as_of=run.as_of, run_id=run.run_id)

    spec = dg.AssetSpec(
        name,
        deps=deps,
        partitions_def=MODEL_GRID,
        group_name="backtests",
        description=description,
        owners=["team:risk"],
        kinds={"python", "duckdb"},
        skippable=True,
        metadata={"table": table},
    )
    return Stage(spec, body)


STAGES = (
    _stage(
        "var_backtest",
        var_backtest,
        ["value_at_risk", "intraday_var"],
        "backtests.var_tests, backtests.breaches",
        "Coverage tests of stored walk-forward VaR on non-overlapping origins: Kupiec, Christoffersen, dynamic "
        "quantile, duration, Basel traffic light, ES, Berkowitz's tail. Says 'cannot tell' where fewer than five "
        "breaches are expected or fewer than 252 sessions are out of sample.",
    ),
    _stage(
        "forecast_backtest",
        forecast_backtest,
        ["volatility_ensemble", "return_ensemble"],
        "backtests.forecast_scores",
        "Proper scores of every member and ensemble beside the random walk's: QLIKE, squared and scaled errors, sMAPE, "
        "CRPS, pinball loss, on non-overlapping walk-forward origins.",
    ),
    _stage(
        "model_comparison",
        model_comparison,
        ["volatility_ensemble", "return_ensemble", "value_at_risk"],
        "backtests.comparisons",
        "Which model is better, where that can be said: model confidence sets, Hansen's test of the random walk, "
        "Diebold-Mariano, structural breaks of the losses, drift of parameters. May answer 'cannot tell'.",
    ),
    _stage(
        "strategy_backtest",
        strategy_backtest,
        ["volatility_ensemble", "return_ensemble"],
        "backtests.strategies",
        "What trading on the forecasts would have earned at the next bar after commission, slippage and borrowing, "
        "with the error of the Sharpe ratio and what is left of it after all the rules that were tried.",
    ),
    _stage(
        "drift_evidence",
        drift,
        ["volatility_ensemble", "value_at_risk"],
        "backtests.drift",
        "Has a key drifted since its longest-standing models were trained: breaches, integral transforms, losses and "
        "features as e-processes. A key that did not is called changed with a probability of at most 1 % until its "
        "next training; drift_sensor retrains those that are.",
    ),
)
