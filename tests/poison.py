"""Bad instruments on purpose: a source that spoils some of the prices of another."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import numpy as np
import polars as pl

from hf_platform.market.source import PriceSource
from hf_platform.market.universe import Instrument

Poison = Literal["all_nan", "scattered_nan", "constant"]
PRICES = ("open", "high", "low", "close")


def poisoned(frame: pl.DataFrame, poison: Poison, seed: int = 0) -> pl.DataFrame:
    """Spoil the prices of one instrument: no close at all, one in ten missing, or always the same."""
    prices = pl.col(PRICES)
    if poison == "all_nan":
        return frame.with_columns(pl.lit(float("nan")).alias(name) for name in PRICES)
    if poison == "scattered_nan":
        gone = pl.Series(np.random.default_rng(seed).random(frame.height) < 0.1)
        return frame.with_columns(pl.when(gone).then(float("nan")).otherwise(prices).name.keep())
    return frame.with_columns(pl.when(prices.is_not_null()).then(100.0).name.keep())


class PoisonedSource:
    """Another source, with the named instruments spoilt.

    `copies` adds spoilt copies of existing instruments under new names: {"BADNAN": ("AAPL", "all_nan")}.
    """

    is_static = True

    def __init__(
        self,
        source: PriceSource,
        poisons: Mapping[str, Poison] | None = None,
        copies: Mapping[str, tuple[str, Poison]] | None = None,
    ) -> None:
        self.source, self.poisons, self.copies = source, dict(poisons or {}), dict(copies or {})
        self.name = source.name

    def instruments(self) -> list[Instrument]:
        """List what the source has, and the copies."""
        return [*self.source.instruments(), *(Instrument(instrument=name) for name in self.copies)]

    def fetch(self, instrument: str, since: datetime | None = None) -> pl.DataFrame:
        """Fetch, spoiling what is to be spoilt."""
        if instrument in self.copies:
            original, poison = self.copies[instrument]
            frame = self.source.fetch(original, since).with_columns(pl.lit(instrument).alias("instrument"))
            return poisoned(frame, poison)
        frame = self.source.fetch(instrument, since)
        return poisoned(frame, self.poisons[instrument]) if instrument in self.poisons else frame
