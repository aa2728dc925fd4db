"""A simulated market behind the same door as a real one: prices, corporate actions, alternative data."""

from datetime import datetime
from functools import cached_property

import polars as pl

from hf_platform.market import simulated_bars, simulator
from hf_platform.market.source import require, since_filter
from hf_platform.market.universe import Instrument


class SimulatedSource:
    """Prices of `simulator.simulate`.

    Parameters
    ----------
    spec : SimulationSpec, optional
        The market; by default five stocks in 2020-2024.
    seed : int
        Root of its random numbers.
    """

    name: str = simulated_bars.SOURCE
    is_static: bool = True

    def __init__(self, spec: simulator.SimulationSpec | None = None, seed: int = 0) -> None:
        self.spec = spec or simulator.SimulationSpec()
        self.seed = seed

    @cached_property
    def world(self) -> simulator.World:
        """The whole market with its truth, simulated on first use."""
        return simulator.simulate(self.spec, self.seed)

    def instruments(self) -> list[Instrument]:
        """List the instruments of the spec."""
        return [
            Instrument(
                instrument=name,
                name=f"{name} (simulated)",
                calendar=self.spec.calendar,
                frequency=self.spec.frequency,
            )
            for name in self.spec.instruments
        ]

    def action_instruments(self) -> list[str]:
        """List the instruments of the spec."""
        return list(self.spec.instruments)

    def corporate_actions(self, instrument: str) -> pl.DataFrame:
        """Give the simulated splits, dividends and delistings of one instrument.

        Raises
        ------
        UnknownNameError
            If it is not in the spec.
        """
        require(instrument, self.spec.instruments)
        return self.world.corporate_actions.filter(pl.col("instrument") == instrument)

    def alternative_instruments(self) -> list[str]:
        """List the instruments of the spec."""
        return list(self.spec.instruments)

    def alternative_data(self, instrument: str) -> pl.DataFrame:
        """Give the simulated alternative data of one instrument.

        Raises
        ------
        UnknownNameError
            If it is not in the spec.
        """
        require(instrument, self.spec.instruments)
        return self.world.alternative_data.filter(pl.col("instrument") == instrument)

    def fetch(self, instrument: str, since: datetime | None = None) -> pl.DataFrame:
        """Give the simulated bars of one instrument.

        Raises
        ------
        UnknownNameError
            If it is not in the spec.
        """
        require(instrument, self.spec.instruments)
        return since_filter(self.world.bars.filter(pl.col("instrument") == instrument), since)
