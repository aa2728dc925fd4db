"""How many models make one chunk: measured seconds decide, so that a worker is worth its message."""

import math
from typing import Final

from hf_platform.lake import Lake

SHORTEST: Final = 1.0  # seconds of work below which messages and files weigh more than 15 %
LONGEST: Final = 4.0  # seconds above which the last chunk keeps the other workers waiting
CHUNKS_PER_WORKER: Final = 3
MOST: Final = 4_096
UNMEASURED: Final = 32

# Rows of the code that the family has now; what an older one took says little.
_SECONDS: Final = """
with newest as (
    select arg_max(code_version, created_at) as code_version
    from models.ledger where family = $family and seconds is not null
)
select avg(seconds) as seconds from models.ledger join newest using (code_version)
where family = $family and seconds is not null"""


def seconds_per_model(store: Lake, family: str) -> float | None:
    """Look up what one fit of a family has taken on average [s]; None where the ledger has no row of it."""
    found = store.query(_SECONDS, {"family": family})["seconds"][0]
    return None if found is None else float(found)


def models_per_chunk(n_models: int, seconds: float | None, workers: int) -> int:
    """Choose the size of a chunk.

    Parameters
    ----------
    n_models : int
        Models to share out.
    seconds : float or None
        What one takes [s]; None where that is not known yet.
    workers : int
        Processes at work.

    Returns
    -------
    int
        From `SHORTEST` to `LONGEST` seconds of work, closer to the first where every worker is to get a
        few chunks; from 1 to `MOST` models.
    """
    if seconds is None:
        return UNMEASURED
    if seconds <= 0.0:
        return MOST
    fair = math.ceil(n_models / (CHUNKS_PER_WORKER * workers))
    longest, shortest = math.floor(LONGEST / seconds), math.ceil(SHORTEST / seconds)
    return max(1, min(MOST, max(shortest, min(longest, fair))))
