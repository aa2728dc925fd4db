"""What a family asks of the machines, decided when it runs: by its code, the settings, and nothing in tags.

So a run gets the same from the UI, a sensor, a schedule, a backfill or the terminal.
"""

from typing import TYPE_CHECKING

from hf_platform.fitting.executors import Request
from hf_platform.models.base import ModelFamily

if TYPE_CHECKING:
    from hf_platform.settings import Settings


def request_for(family: ModelFamily, settings: "Settings", code: str) -> Request:
    """Compose the request of a family: what it declares, unless `HFP_PLACEMENT` says otherwise.

    Parameters
    ----------
    family : ModelFamily
    settings : Settings
    code : str
        Version of the family's code in this process.
    """
    own = family.resources
    asked = next((one for one in settings.placement or () if one.family == family.name), None)
    is_off = settings.device == "cpu"

    def choose(name: str, default: float) -> float:
        value = None if asked is None else getattr(asked, name)
        return default if value is None else value

    return Request(
        name=family.name,
        where=None if asked is None else asked.where,
        cpus=choose("cpus", own.cpus),
        gpus=choose("gpus", 0.0 if is_off else own.gpus),
        gpu_memory=choose("gpu_memory", 0.0 if is_off else own.gpu_memory_gb),
        timeout=choose("timeout", settings.model_timeout),
        memory=choose("memory", settings.worker_memory_gb),
        code=code,
    )


def share_of_gpu(request: Request, card_gb: float) -> float:
    """Give the share of a card that a worker takes: what was asked, else the part that its memory is.

    Shares are eighths, so that eight small nets fill a card without a rest; more than a card is whole cards.
    """
    if request.gpus > 0.0 or request.gpu_memory == 0.0:
        return request.gpus
    eighths = -(-request.gpu_memory * 8.0 // card_gb)
    return eighths / 8.0 if eighths < 8.0 else float(-(-request.gpu_memory // card_gb))
