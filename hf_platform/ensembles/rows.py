"""A combined key as rows of `ensembles.forecasts` and `ensembles.weights`, built column by column."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from hf_platform.ensembles.calibration import Calibrated
from hf_platform.ensembles.combination import COMBINATIONS, Combined, EnsembleSpec
from hf_platform.ensembles.members import Aligned
from hf_platform.types import PROBABILITIES, BoolArray, GridKey, IntArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class Combination:
    """Everything about one key that its rows need.

    Parameters
    ----------
    key : GridKey
    forecast_ids : dict of datetime to str
        Name of the forecast by origin.
    frame : polars.DataFrame
        Rows of the members.
    aligned : Aligned
    combined : Combined
    calibrated : Calibrated
        At the new origins.
    rows : int64 array, shape (n_rows,)
        Positions of the new origins in `aligned.members.origins`.
    """

    key: GridKey
    forecast_ids: Mapping[datetime, str]
    frame: "pl.DataFrame"
    aligned: Aligned
    combined: Combined
    calibrated: Calibrated
    rows: IntArray


def forecast_rows(spec: EnsembleSpec, part: Combination, created_at: datetime) -> "pl.DataFrame":
    """Spell out the ensemble's forecast at the new origins, and what each combination said."""
    import polars as pl

    members, row_of, found = part.aligned.members, part.aligned.row_of[part.rows], part.calibrated
    present = members.present[part.rows]
    first = row_of[np.arange(part.rows.size), np.argmax(present, axis=1)]
    anchor = part.frame[first].select("forecast_origin", "target_at")
    known = np.where(present, part.frame["known_at"].dt.epoch("us").to_numpy()[row_of], 0).max(axis=1)
    names: IntArray = np.tile(np.arange(row_of.shape[1], dtype=np.int64), (row_of.shape[0], 1))
    return anchor.with_columns(
        pl.Series("forecast_id", [part.forecast_ids[origin] for origin in anchor["forecast_origin"].to_list()]),
        pl.lit(spec.name).alias("name"),
        pl.lit(part.key.instrument).alias("instrument"),
        pl.lit(part.key.horizon).alias("horizon"),
        pl.Series("known_at", known.astype("datetime64[us]")),
        pl.Series("mean", found.mean),
        pl.Series("volatility", found.volatility),
        pl.Series("probabilities", np.tile(np.array(PROBABILITIES), (part.rows.size, 1))),
        pl.Series("quantiles", found.quantiles),
        pl.Series("tail_means", found.tail_means),
        _lists("member_model_ids", part.frame["model_id"], row_of, present),
        _lists("missing_members", pl.Series(members.names), names, ~present),
        pl.Series("combination", COMBINATIONS)[found.choice],
        pl.Series("agreement", found.agreement),
        pl.Series("interval_lower", found.lower),
        pl.Series("interval_upper", found.upper),
        pl.Series("interval_miscoverage", found.miscoverage),
        pl.Series("combination_means", part.combined.mean[part.rows]),
        pl.Series("combination_volatilities", part.combined.volatility[part.rows]),
        pl.lit(created_at, dtype=pl.Datetime("us")).alias("created_at"),
    )


def _lists(name: str, texts: "pl.Series", positions: IntArray, chosen: BoolArray) -> "pl.Series":
    """Collect, for each row, the texts at the chosen positions into a list."""
    import polars as pl

    # Rows without any text must stay, so every row starts with a null that is dropped in the end.
    row, column = np.nonzero(chosen)
    every: IntArray = np.arange(chosen.shape[0], dtype=np.int64)
    lead = pl.DataFrame({"row": every, "text": pl.Series([None] * every.size, dtype=pl.String)})
    found = pl.DataFrame({"row": row, "text": texts.gather(positions[row, column])})
    lists = pl.concat([lead, found]).group_by("row", maintain_order=True).agg("text")
    return lists["text"].list.drop_nulls().alias(name)


def weight_rows(spec: EnsembleSpec, part: Combination, forecasts: "pl.DataFrame") -> "pl.DataFrame":
    """Spell out the weight of every member that is present, row by row of `forecasts`."""
    import polars as pl

    members, combined, choice = part.aligned.members, part.combined, part.calibrated.choice
    position, member = np.nonzero(members.present[part.rows])
    chosen, origin = choice[position], part.rows[position]
    common = forecasts.select("name", "instrument", "horizon", "forecast_origin", "known_at", "created_at")
    code = chosen * 4 + combined.judged[chosen, origin] * 2 + combined.by_aic[member]
    return common[position].with_columns(
        pl.Series("member", members.names)[member],
        pl.Series("weight", combined.weights[chosen, origin, member]),
        pl.Series("criterion", _criteria(spec))[code],
    )


def _criteria(spec: EnsembleSpec) -> list[str]:
    """Say what a weight rests on, for each combination, whether the past decided, and whether AIC did inside."""
    words = {
        "inverse_loss": f"inverse {spec.criterion}",
        "adaptive": f"recent {spec.criterion}",
        "stacking": "stacking",
    }
    return [
        ("aic, " if by_aic and combination in ("inverse_loss", "stacking") else "")
        + (words[combination] if judged and combination in words else "equal")
        for combination in COMBINATIONS
        for judged in (False, True)
        for by_aic in (False, True)
    ]
