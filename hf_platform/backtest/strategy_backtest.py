"""What trading on stored forecasts would have earned after costs, and how much of it luck explains."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.backtest.forecast_sample import Bars, read_bars
from hf_platform.backtest.sharpe import deflated_sharpe_ratio, probabilistic_sharpe_ratio
from hf_platform.backtest.standing import Judgement
from hf_platform.backtest.strategy import StrategyStatistics, TradingCosts
from hf_platform.backtest.strategy import backtest as trade
from hf_platform.backtest.walk_forward import MINIMUM_OUT_OF_SAMPLE
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.horizons import FREQUENCIES, Horizon
from hf_platform.types import FloatArray, GridKey, TimeArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

STAGE: Final = "strategy_backtest"
TARGET_VOLATILITY: Final = 0.10  # yearly, of the volatility-target rule
LUCK: Final = 0.95  # deflated Sharpe from which a rule counts as better than luck
BUY_AND_HOLD: Final = "buy_and_hold"
_FORECASTS: Final = """
WITH keys AS (SELECT unnest($instruments) AS instrument, unnest($horizons) AS horizon),
both_of AS (
    SELECT instrument, horizon, family || '/' || variant AS member, forecast_origin, mean, volatility, known_at,
           created_at, model_id AS id
    FROM models.forecasts SEMI JOIN keys USING (instrument, horizon)
    WHERE known_at <= $as_of AND family IN (SELECT unnest($families))
    UNION ALL
    SELECT instrument, horizon, name, forecast_origin, mean, volatility, known_at, created_at, forecast_id
    FROM ensembles.forecasts SEMI JOIN keys USING (instrument, horizon) WHERE known_at <= $as_of
)
SELECT instrument, horizon, member, forecast_origin, mean, volatility FROM both_of
QUALIFY row_number() OVER (PARTITION BY instrument, horizon, member, forecast_origin
                           ORDER BY known_at DESC, created_at DESC, id) = 1
ORDER BY instrument, horizon, member, forecast_origin
"""
_SCHEMA: Final = {
    "instrument": str, "horizon": str, "member": str, "strategy": str, "n_forecasts": int, "n_trades": int,
    "annual_return": float, "annual_volatility": float, "sharpe_ratio": float, "sharpe_error": float,
    "sharpe_autocorrelated": float, "probabilistic_sharpe": float, "deflated_sharpe": float, "n_trials": int,
    "max_drawdown": float, "hit_rate": float, "exposure": float, "annual_turnover": float, "annual_cost": float,
    "verdict": str, "reason": str, "window_start": datetime, "window_end": datetime,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """A trading rule on one member: the wanted position at the bars where a forecast was made, NaN elsewhere."""

    member: str
    rule: str
    n_forecasts: int
    positions: FloatArray


def backtest(store: "Lake", keys: Sequence[GridKey], *, as_of: datetime, run_id: str) -> StageOutcome:
    """Trade the stored forecasts of some keys on the prices known at `as_of`.

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
        A key has failed where no forecast is stored, and is skipped where forecasts cover less than 252 sessions
        or prices are not positive throughout.

    Raises
    ------
    StoreError
        If the lake cannot be read or written.

    Notes
    -----
    Writes `backtests.strategies`, the newest backtest only. Rules: `long_short` (sign of the forecast mean) of
    every return member and ensemble, `kelly` (mean over variance, at most all capital) of the return ensemble,
    `volatility_target` (10 % a year, no leverage) of the volatility ensemble, and `buy_and_hold`. Orders are
    filled in the bar after the forecast, at its open where the source has one throughout, else at its close, with
    2 basis points commission, 3 slippage and 1 % a year for borrowed stock. The verdict is `better than luck`
    where the deflated Sharpe ratio over all rules of the key is at least 0.95, else `cannot tell`.
    """
    unended = f"forecasts cover fewer than {MINIMUM_OUT_OF_SAMPLE} sessions, or a price is not positive"
    stage = Judgement(STAGE, "backtests.strategies", simulate, unended)
    return stage.run(store, keys, as_of=as_of, run_id=run_id)


def simulate(store: "Lake", keys: Sequence[GridKey], as_of: datetime, snapshot: int | None) -> "pl.DataFrame":
    """Make the rows of `backtests.strategies` of some keys, without versions."""
    import polars as pl

    rows: list[tuple[object, ...]] = []
    if keys:
        bars = read_bars(store, keys, as_of, snapshot)
        for key, forecasts in read_forecasts(store, keys, as_of, snapshot).items():
            series = bars.get((key.instrument, Horizon.parse(key.horizon).frequency))
            if series is not None:
                rows.extend(_rows(key, series, forecasts))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def read_forecasts(
    store: "Lake", keys: Sequence[GridKey], as_of: datetime, snapshot: int | None
) -> "dict[GridKey, pl.DataFrame]":
    """Read what rules trade on, by key: member, forecast_origin, mean, volatility of return members and ensembles."""
    from hf_platform.models import FAMILIES

    names: dict[str, object] = {
        "instruments": [key.instrument for key in keys],
        "horizons": [key.horizon for key in keys],
        "families": [family.name for family in FAMILIES if family.kind == "return"],
        "as_of": as_of,
    }
    frame = store.query(_FORECASTS, names, snapshot)
    parts = frame.partition_by("instrument", "horizon", as_dict=True, maintain_order=True)
    return {GridKey(str(instrument), str(horizon)): part for (instrument, horizon), part in parts.items()}


def signals_of(key: GridKey, times: TimeArray, forecasts: "pl.DataFrame") -> list[Signal]:
    """Turn the forecasts of a key into wanted positions on its bars.

    Parameters
    ----------
    key : GridKey
    times : datetime64[us] array, shape (n_bars,)
    forecasts : polars.DataFrame
        member, forecast_origin, mean, volatility, sorted by both.
    """
    horizon = Horizon.parse(key.horizon)
    yearly = float(np.sqrt(horizon.bars_per_year / horizon.n_bars))
    signals: list[Signal] = []
    for (name,), part in forecasts.group_by("member", maintain_order=True):
        member = str(name)
        at = np.searchsorted(times, part["forecast_origin"].to_numpy())
        mean, volatility = (part[column].fill_null(float("nan")).to_numpy() for column in ("mean", "volatility"))
        rules: dict[str, FloatArray] = {}
        if member == "volatility_ensemble":
            rules["volatility_target"] = np.minimum(TARGET_VOLATILITY / (volatility * yearly), 1.0)
        else:
            rules["long_short"] = np.sign(mean)
        if member == "return_ensemble":
            rules["kelly"] = np.clip(mean / volatility**2, -1.0, 1.0)
        for rule, wanted in rules.items():
            positions = np.full(times.size, np.nan)
            inside = at < times.size
            positions[at[inside]] = wanted[inside]
            signals.append(Signal(member, rule, part.height, positions))
    return signals


def _rows(key: GridKey, bars: Bars, forecasts: "pl.DataFrame") -> list[tuple[object, ...]]:
    signals = signals_of(key, bars.times, forecasts)
    first = min((int(np.flatnonzero(np.isfinite(s.positions))[0]) for s in signals if np.isfinite(s.positions).any()),
                default=bars.times.size)  # fmt: skip
    horizon = Horizon.parse(key.horizon)
    closes, opens, times = bars.closes[first:], bars.opens[first:], bars.times[first:]
    sessions = closes.size * FREQUENCIES["1d"] // horizon.bars_per_year
    if sessions < MINIMUM_OUT_OF_SAMPLE or (closes <= 0).any():
        return []
    held = Signal("price", BUY_AND_HOLD, 1, np.r_[np.full(first, np.nan), np.ones(closes.size)])
    signals = [held, *signals]
    matrix = np.column_stack([signal.positions[first:] for signal in signals])
    with_opens = bool((np.isfinite(opens) & (opens > 0)).all())
    result = trade(
        closes[:, None], matrix, TradingCosts(), opens=opens[:, None] if with_opens else None,
        bars_per_year=horizon.bars_per_year,
    )  # fmt: skip
    found = result.statistics()
    ratios = np.array([s.sharpe.per_bar for s in found[1:] if s.sharpe is not None and s.sharpe.per_bar is not None])
    spread = float(ratios.var(ddof=1)) if ratios.size > 1 else 0.0
    window = (times[0].item(), times[-1].item())
    filled = "orders filled at the next " + ("open" if with_opens else "close")
    return [
        (key.instrument, key.horizon, signal.member, signal.rule, signal.n_forecasts,
         *_numbers(one, spread, max(1, ratios.size), tried=signal is not held), one.reason or filled, *window)
        for signal, one in zip(signals, found, strict=True)
    ]  # fmt: skip


def _numbers(one: StrategyStatistics, spread: float, n_trials: int, *, tried: bool) -> tuple[object, ...]:
    # From n_trades to verdict; buy and hold is what it is, no rule that was picked among others.
    ratio = one.sharpe
    annual = error = adjusted = probability = deflated = None
    if ratio is not None and ratio.per_bar is not None and ratio.skewness is not None and ratio.kurtosis is not None:
        annual, error, adjusted = ratio.annual, ratio.annual_standard_error, ratio.annual_autocorrelated
        moments = (ratio.per_bar, ratio.n_bars, ratio.skewness, ratio.kurtosis)
        probability = probabilistic_sharpe_ratio(*moments)
        deflated = deflated_sharpe_ratio(*moments, spread, n_trials) if tried else None
    verdict = "better than luck" if deflated is not None and deflated >= LUCK else "cannot tell"
    return (
        one.n_orders, one.annual_return, one.annual_volatility, annual, error, adjusted, probability, deflated,
        n_trials, one.max_drawdown, one.hit_rate, one.exposure, one.annual_turnover, one.annual_cost,
        verdict if tried else "baseline",
    )  # fmt: skip


def signal_frame(key: GridKey, times: TimeArray, forecasts: "pl.DataFrame", rule: str, member: str) -> "pl.DataFrame":
    """Give one rule's wanted positions as instrument, event_at, signal: what `strategy_export` writes."""
    import polars as pl

    chosen = [s for s in signals_of(key, times, forecasts) if s.rule == rule and s.member == member]
    parts = [
        pl.DataFrame({"event_at": times[known], "signal": signal.positions[known]}).select(
            pl.lit(key.instrument).alias("instrument"), "event_at", "signal"
        )
        for signal in chosen
        if (known := np.isfinite(signal.positions)).any()
    ]
    schema = {"instrument": pl.String, "event_at": pl.Datetime("us"), "signal": pl.Float64}
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)
