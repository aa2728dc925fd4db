"""Write a delivery into a table that keeps every vintage: only what is new, under the lock, or nothing at all."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from hf_platform.lake import Lake
from hf_platform.market.quarantine import has_unseen
from hf_platform.market.source import TIME
from hf_platform.market.vintages import appendable


@dataclass(frozen=True, slots=True, kw_only=True)
class VintageTable:
    """A table of the lake that grows by vintages.

    Parameters
    ----------
    name : str
        `schema.table`, for example ``market.corporate_actions``.
    producer : str
        Asset that writes it.
    key, series, values : tuple of str
        As for `vintages.appendable`.
    stored : str
        SQL with ``$instruments`` that gives every stored vintage of those.
    """

    name: str
    producer: str
    key: tuple[str, ...]
    series: tuple[str, ...]
    values: tuple[str, ...]
    stored: str

    def append(
        self, store: Lake, good: pl.DataFrame, refused: pl.DataFrame, *, source: str, run_id: str, now: datetime
    ) -> pl.DataFrame:
        """Commit the rows that the lake has not, and quarantine the refused ones.

        Parameters
        ----------
        store : Lake
        good : DataFrame
            One row per key, from one source, checked against its schema.
        refused : DataFrame
            From `quarantine.refuse`; may have no column at all.
        source, run_id : str
        now : datetime
            Time of arrival, naive UTC.

        Returns
        -------
        DataFrame
            What was appended, with ``vintage``.

        Notes
        -----
        What is new is decided under the writer lock, once a look without it has found something.
        """
        arguments: dict[str, object] = {"instruments": good["instrument"].unique().to_list()}
        ahead = self._difference(good, store.query(self.stored, arguments), source, now)
        if ahead.is_empty() and not has_unseen(refused, store.query):
            return ahead
        with store.transaction(self.producer, run_id, f"{self.producer} from {source}") as tx:
            changes = self._difference(good, tx.query(self.stored, arguments), source, now)
            tx.append(self.name, changes.drop("vintage").with_columns(ingested_at=pl.lit(now, TIME)))
            if not refused.is_empty():
                tx.append("market.quarantine", refused)
        return changes

    def _difference(self, good: pl.DataFrame, stored: pl.DataFrame, source: str, now: datetime) -> pl.DataFrame:
        return appendable(good, stored, key=self.key, series=self.series, values=self.values, source=source, now=now)
