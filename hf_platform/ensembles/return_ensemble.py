"""The return ensemble: members weighted by the inverse of their past squared errors."""

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

NAME: Final = "return_ensemble"


def squared_error(mean: FloatArray, volatility: FloatArray, realised: FloatArray) -> FloatArray:
    """Score a return forecast by its squared error [squared decimal log return]."""
    return np.where(np.isfinite(volatility), np.square(realised - mean), np.nan)


SPEC: Final = EnsembleSpec(name=NAME, kind="return", loss=squared_error, criterion="squared error")


def combine(
    store: Lake,
    keys: Sequence[GridKey],
    *,
    as_of: datetime,
    run_id: str,
    progress: Progress | None = None,
    read: ReadSeries | None = None,
) -> StageOutcome:
    """Combine what the return families have forecast; see `stage.combine_stage`."""
    return combine_stage(SPEC, __name__, store, keys, as_of=as_of, run_id=run_id, progress=progress, read=read)
