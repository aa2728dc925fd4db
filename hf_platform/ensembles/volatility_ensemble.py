"""The volatility ensemble: AIC among the variants of a likelihood family, past QLIKE among families."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np

from hf_platform.ensembles.combination import EnsembleSpec
from hf_platform.ensembles.stage import Progress, combine_stage
from hf_platform.fitting.inputs import ReadSeries
from hf_platform.fitting.outcome import StageOutcome
from hf_platform.lake import Lake
from hf_platform.types import FloatArray, GridKey

NAME: Final = "volatility_ensemble"


def qlike(mean: FloatArray, volatility: FloatArray, realised: FloatArray) -> FloatArray:
    """Score a variance forecast by the squared return, 0 at best.

    Notes
    -----
    ``r^2 / h - log(r^2 / h) - 1`` (Patton 2011, J. Econometrics 160, 246-256), robust to the noise of
    the squared return. It is not defined for a return of exactly 0: such a period counts for nobody.
    The noise is shared by all members and pulls their weights towards each other.
    """
    ratio = np.square(np.where(realised == 0, np.nan, realised) / volatility)
    return ratio - np.log(ratio) - 1.0


SPEC: Final = EnsembleSpec(name=NAME, kind="volatility", loss=qlike, criterion="qlike")


def combine(
    store: Lake,
    keys: Sequence[GridKey],
    *,
    as_of: datetime,
    run_id: str,
    progress: Progress | None = None,
    read: ReadSeries | None = None,
) -> StageOutcome:
    """Combine what the volatility families have forecast; see `stage.combine_stage`."""
    return combine_stage(SPEC, __name__, store, keys, as_of=as_of, run_id=run_id, progress=progress, read=read)
