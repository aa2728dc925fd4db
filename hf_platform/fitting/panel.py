"""Plan a family of scope `panel`: one net per horizon and anchor over the screened universe.

Anchors are dates, common to all series: instruments that start on different days, or trade on
different calendars, could share no anchor counted in bars. They stand on a fixed grid that begins on
1970-01-01 and whose step is `Schedule.every` bars in calendar time, so that neither more history, nor
another instrument, nor the keys that were asked for ever moves one. A series takes part at an anchor
with its window up to its last bar by then, once it holds `Schedule.minimum` bars; the model of an
anchor answers for the origins of each key from there up to the next anchor.

Screening leaves a series out whose window has a hole or never moves, or that has stopped trading.
Whom an anchor left out, and why, is in the parameters of its ledger rows; a key that was asked for
and left out has a row of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hf_platform.errors import TooFewReturnsError
from hf_platform.fitting.champions import Champion, tuned_at
from hf_platform.fitting.documents import documents_hash
from hf_platform.fitting.plan import PlannedModel, by_frequency, late_vintages, revision_hash
from hf_platform.horizons import FREQUENCIES, Horizon
from hf_platform.models.base import Documents, FitTask, ModelFamily, Panel, PanelMember, Schedule, Series
from hf_platform.models.checks import window_trouble
from hf_platform.models.device import Asked
from hf_platform.models.identity import content_hash, derive_seed, spec_hash, window_hash
from hf_platform.types import GridKey, IntArray, TimeArray

_EPOCH: Final = np.datetime64("1970-01-01", "us")
_YEAR: Final = np.timedelta64(int(365.25 * 86_400 * 1_000_000), "us")
_MOST_MISSED: Final = 10  # bars without trading after which a series counts as stopped


@dataclass(frozen=True, slots=True, eq=False)
class Screening:
    """What became of each series at one anchor.

    Parameters
    ----------
    anchor : numpy.datetime64
    members : dict of str to PanelMember
        Sorted by instrument.
    hashes : dict of str to str
        Hash of each member's window.
    left_out : dict of str to str
        Instruments that have enough bars and are not members, and why.
    windows : dict of str to (int, int)
        First bar and end of the window of each series that still traded, member or not.
    """

    anchor: np.datetime64
    members: dict[str, PanelMember]
    hashes: dict[str, str]
    left_out: dict[str, str]
    windows: dict[str, tuple[int, int]]


def step_of(schedule: Schedule, frequency: str) -> np.timedelta64:
    """Give the calendar time between two anchors."""
    return _YEAR * by_frequency(schedule.every, frequency) // FREQUENCIES[frequency]


def anchors_between(schedule: Schedule, frequency: str, first: np.datetime64, last: np.datetime64) -> TimeArray:
    """List the anchors in ``[first, last]``; they depend on the schedule alone."""
    step = step_of(schedule, frequency)
    low, high = -((_EPOCH - first) // step), (last - _EPOCH) // step
    low += int(_EPOCH + low * step < first)
    return _EPOCH + np.arange(low, high + 1) * step


def screen(
    series: Mapping[str, Series],
    anchor: np.datetime64,
    schedule: Schedule,
    frequency: str,
    documents: Mapping[str, Documents] | None = None,
) -> Screening:
    """Decide who trains the net of an anchor; nothing after the anchor is looked at."""
    found = Screening(anchor, {}, {}, {}, {})
    minimum, window = by_frequency(schedule.minimum, frequency), by_frequency(schedule.window, frequency)
    patience = _YEAR * _MOST_MISSED // FREQUENCIES[frequency] + np.timedelta64(7, "D")
    for name, own in sorted(series.items()):
        last = int(np.searchsorted(own.event_at, anchor, side="right")) - 1
        if last < minimum:
            continue
        if anchor - own.event_at[last] > patience:
            # It has no part in this anchor: the net of the one before goes on answering for its bars.
            found.left_out[name] = f"no bar for more than {_MOST_MISSED} bars, found the last at {_day(own, last)}"
            continue
        start, stop = max(1, last + 1 - window), last + 1
        found.windows[name] = (start, stop)
        trouble = window_trouble(own, start, stop)
        if trouble is not None:
            found.left_out[name] = trouble
            continue
        found.members[name] = PanelMember(own, start, stop, (documents or {}).get(name))
        found.hashes[name] = window_hash(own, start, stop)
    return found


def _day(series: Series, bar: int) -> str:
    return str(series.event_at[bar])[:10]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PanelPlanner:
    """Plans keys of one frequency over one universe; screenings are shared by all keys.

    Parameters
    ----------
    family : ModelFamily
    series : dict of str to Series
        The whole universe at one frequency, whichever keys are asked for.
    frequency : str
    root_seed : int
    code_version : str
    screenings : list of Screening
        In time order; see `planner`.
    panels : dict of (variant, horizon, place) to (Panel, str)
        Panels made so far, each with the hash of its windows.
    champions : dict of str to sequence of Champion
        By horizon, oldest first: one search of any key of the panel tunes the net of all.
    device : {"auto", "cpu", "cuda"}
    late : callable
        Bars of a series that became known late.
    """

    family: ModelFamily
    series: Mapping[str, Series]
    frequency: str
    root_seed: int
    code_version: str
    screenings: list[Screening]
    panels: dict[tuple[str, str, int], tuple[Panel, str]]
    champions: Mapping[str, Sequence[Champion]]
    device: Asked = "auto"
    late: Callable[[Series], IntArray] = late_vintages

    def plan_key(self, key: GridKey) -> list[PlannedModel]:
        """Plan every model of a key, for each variant and anchor.

        A model's name is a hash of its net, its key and the restatements of later bars of its own that
        its forecasts read.

        Raises
        ------
        TooFewReturnsError
            If the series has no anchor yet.
        """
        horizon = Horizon.parse(key.horizon)
        own = self.series[key.instrument]
        segments = self._segments(key.instrument, horizon)
        if not segments:
            required = by_frequency(self.family.schedule.minimum, self.frequency)
            raise TooFewReturnsError(f"{key.instrument} at {self.frequency}", required, max(len(own) - 1, 0))
        late = self.late(own)
        return [
            self._model(key, variant, place, origins, late=late, is_newest=place == segments[-1][0])
            for variant in self.family.variants
            for place, origins in segments
        ]

    def _segments(self, instrument: str, horizon: Horizon) -> list[tuple[int, IntArray]]:
        """Give the anchors, by place, that a series takes part in, and the origins each answers for."""
        n_series = len(self.series[instrument])
        grid = np.arange(0, n_series, horizon.n_bars, dtype=np.int64)
        origins = np.union1d(grid, np.array([n_series - 1], dtype=np.int64))
        places = [place for place, found in enumerate(self.screenings) if instrument in found.windows]
        firsts = [self.screenings[place].windows[instrument][1] - 1 for place in places]
        bounds = np.searchsorted(origins, [*firsts, n_series])
        return [
            (place, origins[low:high])
            for place, low, high in zip(places, bounds[:-1], bounds[1:], strict=True)
            if high > low
        ]

    def _model(
        self, key: GridKey, variant: str, place: int, origins: IntArray, *, late: IntArray, is_newest: bool
    ) -> PlannedModel:
        horizon = Horizon.parse(key.horizon)
        screening, own = self.screenings[place], self.series[key.instrument]
        start, stop = screening.windows[key.instrument]
        panel, inputs = self._panel(horizon, variant, place)
        if key.instrument not in screening.members:  # a row for the ledger; no net is trained for it
            inputs = window_hash(own, start, stop)
        revision = revision_hash(own, late, stop, int(origins[-1]))
        seed = derive_seed(self.root_seed, self.family.name, variant, horizon.name)
        model_id = content_hash(panel.net_id, str(key), inputs, revision)
        tuned, specification = self._tuned(horizon, variant, screening)
        task = FitTask(model_id, key, horizon, variant, own, start, stop, seed, panel, tuned=tuned, device=self.device)
        return PlannedModel(task, origins, inputs, specification, is_newest)

    def _tuned(self, horizon: Horizon, variant: str, screening: Screening) -> tuple[Mapping[str, object], str]:
        """Give the parameters that a search had found by an anchor, and the hash of the whole specification."""
        tuned = tuned_at(self.champions.get(horizon.name, ()), variant, screening.anchor)
        return tuned, spec_hash(self.family.spec(variant) | ({"tuned": dict(tuned)} if tuned else {}))

    def _panel(self, horizon: Horizon, variant: str, place: int) -> tuple[Panel, str]:
        """Make the panel of an anchor once; members' tasks share the object."""
        known = self.panels.get((variant, horizon.name, place))
        if known is not None:
            return known
        screening = self.screenings[place]
        anchor = str(screening.anchor)[:19]
        texts = {name: member.documents for name, member in screening.members.items() if member.documents}
        read = (documents_hash(texts, screening.anchor),) if texts else ()
        inputs = content_hash(anchor, *screening.hashes.values(), *read)
        _, specification = self._tuned(horizon, variant, screening)
        seed = derive_seed(self.root_seed, self.family.name, variant, horizon.name)
        net = content_hash(self.family.name, variant, horizon.name, inputs, specification, self.code_version, str(seed))
        made = Panel(net, anchor[:10], tuple(screening.members.values()), screening.left_out), inputs
        self.panels[variant, horizon.name, place] = made
        return made


def planner(
    family: ModelFamily,
    series: Mapping[str, Series],
    frequency: str,
    *,
    root_seed: int,
    code_version: str,
    champions: Mapping[str, Sequence[Champion]] | None = None,
    documents: Mapping[str, Documents] | None = None,
    device: Asked = "auto",
) -> PanelPlanner:
    """Screen a universe at each of its anchors; see `PanelPlanner`. `documents` are texts by instrument."""
    screenings: list[Screening] = []
    filled = {name: own for name, own in series.items() if len(own)}
    if filled:
        first = min(own.event_at[0] for own in filled.values())
        last = max(own.event_at[-1] for own in filled.values())
        anchors: Sequence[np.datetime64] = list(anchors_between(family.schedule, frequency, first, last))
        screenings = [screen(filled, anchor, family.schedule, frequency, documents) for anchor in anchors]
    return PanelPlanner(
        family=family,
        series=filled,
        frequency=frequency,
        root_seed=root_seed,
        code_version=code_version,
        screenings=[found for found in screenings if found.windows],
        panels={},
        champions=champions or {},
        device=device,
    )
