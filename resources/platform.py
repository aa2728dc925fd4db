"""One resource that carries what every asset body needs: settings, lake, executor, sources, progress."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from hf_platform.fitting.executors import Executor, InlineExecutor
from hf_platform.lake import Lake
from hf_platform.market.source import PriceSource
from hf_platform.market.sources import catalogue
from hf_platform.settings import Settings
from resources.tracking import NoTracking, Tracking, tracking_for

# Called with a label and a number of items; yields a callback that is told how many are done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


def silent_progress(label: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
    """Show nothing: inside the daemon, Dagster's log tells the story."""
    return nullcontext(lambda n_done: None)


@dataclass(frozen=True, slots=True)
class Platform:
    """What the assets work with; the only resource of the graph.

    Parameters
    ----------
    settings : Settings
    lake : Lake
        Opened lazily; safe in several processes.
    executor : Executor
        Where fits run.
    sources : mapping of name to PriceSource
        Where prices come from.
    progress : Progress
        How a terminal shows long work.
    tracking : Tracking
        Where materialisations of families are tracked.
    """

    settings: Settings
    lake: Lake
    executor: Executor
    sources: Mapping[str, PriceSource]
    progress: Progress = field(default=silent_progress)
    tracking: Tracking = field(default=NoTracking())


def platform_for(settings: Settings, progress: Progress = silent_progress) -> Platform:
    """Bind the library to settings: local files or PostgreSQL and S3, by URI alone."""
    lake = Lake(settings)
    return Platform(
        settings=settings,
        lake=lake,
        executor=InlineExecutor(settings.threads),
        sources=catalogue.available(settings),
        progress=progress,
        tracking=tracking_for(settings, lake),
    )
