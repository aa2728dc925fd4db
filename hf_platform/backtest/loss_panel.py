"""Losses of several forecasters for the same targets, one row an origin: what every comparison starts from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from hf_platform.backtest.forecast_sample import RANDOM_WALK
from hf_platform.backtest.sample import VarSample
from hf_platform.backtest.scoring import fissler_ziegel, tick_loss
from hf_platform.types import FloatArray, GridKey, TimeArray

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

_COVERED: Final = 0.8  # of the forecasts of the member that has most
_LOSSES: Final = f"""
WITH rows_of AS (
    SELECT instrument, horizon, family || '/' || variant AS member, family, forecast_origin, r, mean, volatility,
           known_at, created_at, model_id AS id
    FROM models.forecasts JOIN picks USING (instrument, horizon, forecast_origin)
    WHERE known_at <= $as_of
    UNION ALL
    SELECT instrument, horizon, name, name, forecast_origin, r, mean, volatility, known_at, created_at, forecast_id
    FROM ensembles.forecasts JOIN picks USING (instrument, horizon, forecast_origin)
    WHERE known_at <= $as_of
    UNION ALL
    SELECT instrument, horizon, '{RANDOM_WALK}', '{RANDOM_WALK}', forecast_origin, r, 0.0, naive, NULL, NULL, ''
    FROM picks
),
newest AS (
    SELECT * FROM rows_of
    QUALIFY row_number() OVER (PARTITION BY instrument, horizon, member, forecast_origin
                               ORDER BY known_at DESC, created_at DESC, id) = 1
)
SELECT instrument, horizon, member, 'qlike' AS score, forecast_origin,
       2 * ln(volatility) + (r / volatility) ** 2 AS loss
FROM newest WHERE family IN (SELECT unnest($volatility)) AND volatility > 0
UNION ALL
SELECT instrument, horizon, member, 'squared_error', forecast_origin, (r - mean) ** 2
FROM newest WHERE family IN (SELECT unnest($returns)) AND mean IS NOT NULL
ORDER BY horizon, score, instrument, member, forecast_origin
"""


@dataclass(frozen=True, slots=True, eq=False)
class LossPanel:
    """Losses on common origins.

    Parameters
    ----------
    key : GridKey
    score : str
        What the losses are; lower is better.
    members : tuple of str
    origins : datetime64[us] array, shape (n_forecasts,)
    losses : float64 array, shape (n_forecasts, n_members)
    left_out : mapping of str to str
        Members that cover too few origins to be compared, and why.
    """

    key: GridKey
    score: str
    members: tuple[str, ...]
    origins: TimeArray
    losses: FloatArray
    left_out: Mapping[str, str]

    @property
    def n_forecasts(self) -> int:
        """Count the common forecasts."""
        return self.origins.size


def panel_of(key: GridKey, score: str, series: Mapping[str, tuple[TimeArray, FloatArray]]) -> LossPanel | None:
    """Join members by origin.

    Parameters
    ----------
    key : GridKey
    score : str
    series : mapping of str to (datetime64 array, float64 array)
        Origins (increasing) and losses of each member.

    Returns
    -------
    LossPanel or None
        None where nothing is left to compare.
    """
    most = max((origins.size for origins, _ in series.values()), default=0)
    kept = {name: pair for name, pair in series.items() if pair[0].size >= _COVERED * most and most}
    left_out = {
        name: f"{pair[0].size} of {most} forecasts: too few to be compared on common origins"
        for name, pair in series.items()
        if name not in kept
    }
    if not kept:
        return None
    common = min((origins for origins, _ in kept.values()), key=len)
    for origins, _ in kept.values():
        at = np.minimum(np.searchsorted(origins, common), origins.size - 1)
        common = common[origins[at] == common]
    if not common.size:
        return None
    columns = [losses[np.searchsorted(origins, common)] for origins, losses in kept.values()]
    return LossPanel(key, score, tuple(kept), common, np.column_stack(columns), left_out)


def forecast_panels(
    store: "Lake", picks: "pl.DataFrame", as_of: datetime, snapshot: int | None
) -> Iterator[LossPanel]:  # fmt: skip
    """Read QLIKE of volatility members and squared errors of return members, the random walk in each.

    Parameters
    ----------
    store : Lake
    picks : polars.DataFrame
        instrument, horizon, forecast_origin, r, naive: see `forecast_backtest.picks_of`.
    as_of : datetime
    snapshot : int or None
    """
    from hf_platform.models import FAMILIES

    kinds = {
        kind: [*(family.name for family in FAMILIES if family.kind == kind), f"{kind}_ensemble", RANDOM_WALK]
        for kind in ("volatility", "return")
    }
    with store.reading(snapshot) as con:
        con.register("picks", picks)
        frame = con.execute(
            _LOSSES, {"as_of": as_of, "volatility": kinds["volatility"], "returns": kinds["return"]}
        ).pl()
        con.unregister("picks")
    frame = frame.filter(frame["loss"].is_not_nan() & frame["loss"].is_not_null())
    for (instrument, horizon, score), part in frame.group_by("instrument", "horizon", "score", maintain_order=True):
        series = {
            str(name): (rows["forecast_origin"].to_numpy(), rows["loss"].to_numpy())
            for (name,), rows in part.group_by("member", maintain_order=True)
        }
        panel = panel_of(GridKey(str(instrument), str(horizon)), str(score), series)
        if panel is not None:
            yield panel


def method_panels(samples: Sequence[VarSample]) -> Iterator[LossPanel]:
    """Join VaR methods of each key and confidence: tick loss, and joint VaR-ES loss where ES is known and positive."""
    groups: dict[tuple[GridKey, float], list[VarSample]] = {}
    for sample in samples:
        groups.setdefault((sample.key, sample.confidence), []).append(sample)
    # Keys of one horizon follow each other: their samples are equally long and share the resamples drawn for them.
    for key, confidence in sorted(groups, key=lambda pair: (pair[0].horizon, pair[1], pair[0].instrument)):
        group = groups[key, confidence]
        for name, losses in (("tick_loss", ticks), ("fissler_ziegel", joint_losses)):
            series = {one.method: (one.origins, found) for one in group if (found := losses(one)) is not None}
            panel = panel_of(key, f"{name}@{confidence:g}", series)
            if panel is not None:
                yield panel


def ticks(sample: VarSample) -> FloatArray | None:
    """Score the VaR of a sample; None where every VaR is a gain."""
    var = sample.value_at_risk
    return None if (var < 0).all() else tick_loss(sample.losses, var, sample.confidence)


def joint_losses(sample: VarSample) -> FloatArray | None:
    """Score VaR and ES of a sample together; None where ES is missing or not positive."""
    var, es = sample.value_at_risk, sample.expected_shortfall
    if (var < 0).all() or not (np.isfinite(es) & (es > 0)).all():
        return None
    return fissler_ziegel(sample.losses, var, np.maximum(es, var), sample.confidence)
