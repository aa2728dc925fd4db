"""VaR over parts of sessions: the night before the next open, the next intraday bar, the rest of the day."""

from collections.abc import Callable, Sequence
from typing import Protocol

import dagster as dg

from assets.partitions import MODEL_GRID
from assets.stages import GridRun, Stage
from hf_platform.backtest import session_backtest
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.horizons import INTRADAY
from hf_platform.risk import intraday_stage, overnight
from hf_platform.settings import Settings
from hf_platform.types import GridKey


class _Module(Protocol):
    """A library module that estimates VaR over parts of sessions and knows what came true."""

    @property
    def estimate(self) -> Callable[..., StageOutcome]:
        """Estimate VaR of some keys."""
        ...

    @property
    def realised(self) -> Callable[..., dict[GridKey, session_backtest.Realised]]:
        """Give the losses that followed."""
        ...


def _stage(name: str, module: _Module, description: str) -> Stage:
    def body(run: GridRun, keys: Sequence[GridKey]) -> StageOutcome:
        lake, threads = run.platform.lake, run.platform.settings.threads
        outcome = module.estimate(lake, keys, as_of=run.as_of, run_id=run.run_id, threads=threads)
        truth = module.realised(lake, keys, run.as_of)
        session_backtest.backtest(lake, truth, producer=name, as_of=run.as_of, run_id=run.run_id)
        return outcome

    spec = dg.AssetSpec(
        name,
        deps=["bars"],
        partitions_def=MODEL_GRID,
        group_name="risk",
        description=description,
        owners=["team:risk"],
        kinds={"python", "duckdb"},
        skippable=True,
        metadata={"table": "risk.value_at_risk, backtests.var_tests"},
    )
    return Stage(spec, body)


STAGES = (
    _stage(
        "overnight_var",
        overnight,
        "VaR and ES at the close for the next open, from close-to-open returns, with their backtest: horizon "
        "`overnight`, under the 1d keys. Skipped where the source gives closes only.",
    ),
    _stage(
        "intraday_var",
        intraday_stage,
        "VaR and ES of the next intraday bar and of the rest of the session, the time of day removed first: methods "
        "`diurnal_*` at intraday horizons and `5min_session`. New bars are filtered with stored parameters.",
    ),
)


def applies(name: str, settings: Settings) -> bool:
    """Tell whether an asset has anything to do under these settings: intraday VaR needs an intraday horizon."""
    return name != "intraday_var" or any(horizon in INTRADAY for horizon in settings.horizons)
