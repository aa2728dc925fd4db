"""Prices, corporate actions and alternative data that people dropped into the inbox as CSV or Parquet."""

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from hf_platform.errors import DataError, UnknownNameError
from hf_platform.market import inbox
from hf_platform.market.drop_layouts import ALTERNATIVE_DATA, CORPORATE_ACTIONS, Layout
from hf_platform.market.source import complete, require, since_filter
from hf_platform.market.universe import Instrument
from hf_platform.settings import Settings


class FilesSource:
    """Every instrument that was ever staged.

    Parameters
    ----------
    settings : Settings
        Where the inbox is.
    publication_lag : timedelta
        known_at = event_at + this; zero unless the files are known to come late.
    """

    name: str = "files"
    is_static: bool = False

    def __init__(self, settings: Settings, publication_lag: timedelta = timedelta(0)) -> None:
        self._settings = settings
        self._lag = publication_lag

    def instruments(self) -> list[Instrument]:
        """List the staged instruments.

        Raises
        ------
        DataError
            If a staged record cannot be read.
        """
        return list(inbox.staged_records(self._settings).values())

    def ticker_spells(self, instrument: str) -> pl.DataFrame:
        """Give the tickers of an instrument that were dropped; none where nobody told any.

        Raises
        ------
        DataError
            If a staged file cannot be read.
        """
        return inbox.staged_tickers(self._settings, instrument)

    def action_instruments(self) -> list[str]:
        """List the instruments of which corporate actions were dropped."""
        return inbox.staged_instruments(self._settings, CORPORATE_ACTIONS.name)

    def corporate_actions(self, instrument: str) -> pl.DataFrame:
        """Give all corporate actions that were dropped; the newest file counts.

        Raises
        ------
        UnknownNameError
            If none were staged under that name.
        DataError
            If a staged file cannot be read.
        """
        return self._other(CORPORATE_ACTIONS, instrument, ("kind", "event_at"))

    def alternative_instruments(self) -> list[str]:
        """List the instruments of which alternative data were dropped."""
        return inbox.staged_instruments(self._settings, ALTERNATIVE_DATA.name)

    def alternative_data(self, instrument: str) -> pl.DataFrame:
        """Give all alternative data that were dropped; the newest file counts.

        Raises
        ------
        UnknownNameError
            If none were staged under that name.
        DataError
            If a staged file cannot be read.
        """
        return self._other(ALTERNATIVE_DATA, instrument, ("kind", "name", "event_at"))

    def _other(self, layout: Layout, instrument: str, key: tuple[str, ...]) -> pl.DataFrame:
        require(instrument, inbox.staged_instruments(self._settings, layout.name))
        rows = inbox.staged_rows(self._settings, layout.name, instrument, key)
        return rows.with_columns(pl.lit(self.name).alias("source"))

    def fetch(self, instrument: str, since: datetime | None = None) -> pl.DataFrame:
        """Give all rows that were dropped; where two drops hold the same bar, the later one.

        `file` and `row_number` say where each row was read.

        Raises
        ------
        UnknownNameError
            If nothing was staged under that name.
        DataError
            If a staged file cannot be read.
        """
        record = inbox.staged_record(self._settings, instrument)
        if record is None:
            raise UnknownNameError("instrument", instrument, tuple(inbox.staged_records(self._settings)))
        drops: list[pl.DataFrame] = []
        for path in inbox.staged_drops(self._settings, instrument):
            try:
                drops.append(pl.read_parquet(path))
            except (pl.exceptions.PolarsError, OSError) as error:
                raise DataError(f"{path}: a staged file is readable, found {error}. Remove it, drop again.") from error
        if not drops:
            raise DataError(f"{instrument}: at least one staged file is needed, found none. Drop the prices again.")
        rows = pl.concat(drops).unique(["frequency", "event_at"], keep="last", maintain_order=True)
        parts = [
            complete(
                part,
                replace(record, frequency=str(frequency)),
                source=self.name,
                publication_lag=self._lag,
            )
            for (frequency,), part in rows.partition_by("frequency", as_dict=True).items()
        ]
        return since_filter(pl.concat(parts), since)
