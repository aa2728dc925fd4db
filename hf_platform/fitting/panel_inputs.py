"""What plans a family of scope `panel`: the screened universe of each frequency, its texts, and what searches found."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from hf_platform.fitting.champions import EVERYONE, Champion, read_champions
from hf_platform.fitting.documents import read_documents
from hf_platform.fitting.inputs import Inputs
from hf_platform.fitting.panel import PanelPlanner, planner
from hf_platform.horizons import Horizon
from hf_platform.lake import Lake
from hf_platform.models.base import Documents, ModelFamily
from hf_platform.settings import Settings
from hf_platform.types import GridKey


def panel_planners(
    family: ModelFamily,
    keys: Sequence[GridKey],
    inputs: Inputs,
    store: Lake,
    *,
    settings: Settings,
    code_version: str,
    champions: Mapping[str, Sequence[Champion]],
) -> dict[str, PanelPlanner]:
    """Screen the universe of each frequency that the keys ask for; `champions` by horizon."""
    documents: dict[str, Documents] = {}
    if getattr(family, "reads_documents", False):
        everyone = sorted({name for name, _ in inputs.series})
        documents = read_documents(store, everyone, inputs.as_of)
    return {
        frequency: planner(
            family,
            inputs.at(frequency),
            frequency,
            root_seed=settings.seed,
            code_version=code_version,
            champions=champions,
            documents=documents,
            device=settings.device,
        )
        for frequency in sorted({Horizon.parse(key.horizon).frequency for key in keys})
    }


def panel_champions(
    store: Lake, family: str, keys: Sequence[GridKey], as_of: datetime
) -> dict[str, tuple[Champion, ...]]:
    """Read the searches of a family's nets by horizon, oldest first."""
    horizons = sorted({key.horizon for key in keys})
    found = read_champions(store, family, [GridKey(EVERYONE, horizon) for horizon in horizons], as_of)
    return {key.horizon: champions for key, champions in found.items()}
