"""What a stage reads before it can plan: series, calendars, and why some keys cannot be served."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hf_platform.errors import DataError, PlatformError
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus
from hf_platform.fitting.targets import calendars
from hf_platform.horizons import INTRADAY, Horizon
from hf_platform.lake import Lake
from hf_platform.models.base import Series
from hf_platform.types import GridKey


class ReadSeries(Protocol):
    """Reads the series of many instruments at one frequency; an instrument without bars is absent."""

    def __call__(
        self, store: Lake, instruments: Sequence[str], frequency: str, as_of: datetime, feature_names: Sequence[str]
    ) -> tuple[Mapping[str, Series], Mapping[str, PlatformError]]:
        """Read what was known at `as_of`, and why some instruments cannot be read."""
        ...


def read_from_lake() -> ReadSeries:
    """Give the reader of the lake; imported late, since it brings polars."""
    from hf_platform.features.training_matrix import read_available

    return read_available


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What was read for some keys.

    Parameters
    ----------
    as_of : datetime
    series : dict of (instrument, frequency) to Series
    trouble : dict of (instrument, frequency) to PlatformError
        Why a series could not be read.
    calendars : dict of str to str
        Trading calendar by instrument.
    """

    as_of: datetime
    series: dict[tuple[str, str], Series]
    trouble: dict[tuple[str, str], PlatformError]
    calendars: dict[str, str]

    def of(self, key: GridKey) -> Series | None:
        """Give the series of a key, if there is one."""
        return self.series.get((key.instrument, Horizon.parse(key.horizon).frequency))

    def at(self, frequency: str) -> dict[str, Series]:
        """Give all series of a frequency, by instrument."""
        return {name: series for (name, own), series in self.series.items() if own == frequency}

    def require(self, key: GridKey) -> Series:
        """Give the series of a key.

        Raises
        ------
        PlatformError
            If it could not be read, or there is none.
        """
        frequency = Horizon.parse(key.horizon).frequency
        if (key.instrument, frequency) in self.trouble:
            raise self.trouble[(key.instrument, frequency)]
        found = self.of(key)
        if found is None or not len(found):
            raise DataError(
                f"{key.instrument} needs bars at {frequency} with features, found none known at "
                f"{self.as_of:%Y-%m-%d %H:%M}. Load prices and build features first."
            )
        return found

    def refusal(self, key: GridKey, reason: str) -> KeyOutcome:
        """Say how a key ends that could not be planned: intraday horizons do not apply to daily prices."""
        frequency = Horizon.parse(key.horizon).frequency
        is_priced = any(instrument == key.instrument for instrument, _ in (*self.series, *self.trouble))
        is_absent = (key.instrument, frequency) not in self.series and (key.instrument, frequency) not in self.trouble
        if frequency in INTRADAY and is_absent and (is_priced or key.instrument in self.calendars):
            return KeyOutcome(KeyStatus.SKIPPED, f"{key.instrument} has no bars at {frequency}")
        return KeyOutcome(KeyStatus.FAILED, reason)


def instruments_ever(store: Lake, as_of: datetime) -> tuple[str, ...]:
    """List every instrument that had entered the universe by `as_of`; those that left it trained older anchors."""
    rows = store.query(
        "SELECT DISTINCT instrument FROM market.universe WHERE valid_from <= $as_of ORDER BY instrument",
        {"as_of": as_of},
    )
    return tuple(rows["instrument"])


def read_inputs(
    store: Lake,
    keys: Sequence[GridKey],
    as_of: datetime,
    feature_names: Sequence[str],
    read: ReadSeries,
    *,
    universe: Sequence[str] = (),
) -> Inputs:
    """Read the series of all keys, once for each frequency, and those of `universe` beside them."""
    by_frequency: dict[str, set[str]] = {}
    for key in keys:
        by_frequency.setdefault(Horizon.parse(key.horizon).frequency, set(universe)).add(key.instrument)
    inputs = Inputs(as_of, {}, {}, calendars(store, sorted({key.instrument for key in keys})))
    for frequency, instruments in sorted(by_frequency.items()):
        series, trouble = read(store, sorted(instruments), frequency, as_of, feature_names)
        inputs.series.update({(name, frequency): found for name, found in series.items()})
        inputs.trouble.update({(name, frequency): error for name, error in trouble.items()})
    return inputs
