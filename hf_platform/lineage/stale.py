"""Which partitions would come out otherwise if they were computed now, and why.

Whoever computes a partition notes what it stood on (`Manifest.note`): a fingerprint of its inputs, the code
of everything upstream, settings and tuned parameters. Stale is what stands on something else by now. Inputs
and code are compared, never times: loading the same prices again, or a comment, makes nothing stale.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from hf_platform.lineage.code import changed_modules, record, version_of
from hf_platform.lineage.ground import grid_assets, ground_of, instrument_assets, is_partitioned
from hf_platform.models.identity import content_hash
from hf_platform.models.registry import FAMILIES, chosen_families
from hf_platform.types import GridKey

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

_PRODUCER: Final = "partitions"
# Rows are hashed twice: DuckDB combines columns by xor, and the same change in two rows must not cancel out.
_PRICES: Final = """
SELECT instrument, count(*) AS n, max(ingested_at) AS ingested_at,
       bit_xor(hash(hash(frequency, event_at, known_at, open, high, low, close, volume))) AS mark
FROM market.raw_prices WHERE ($as_of::TIMESTAMP IS NULL OR known_at <= $as_of) GROUP BY instrument
"""
_ACTIONS: Final = """
SELECT instrument, count(*) AS n, max(ingested_at) AS ingested_at,
       bit_xor(hash(hash(kind, event_at, known_at, value, ratio, counterpart))) AS mark
FROM market.corporate_actions WHERE ($as_of::TIMESTAMP IS NULL OR known_at <= $as_of) GROUP BY instrument
"""
_ALTERNATIVE: Final = """
SELECT instrument, count(*) AS n, max(ingested_at) AS ingested_at,
       bit_xor(hash(hash(kind, name, event_at, known_at, value, text, embedding))) AS mark
FROM market.alternative_data WHERE ($as_of::TIMESTAMP IS NULL OR known_at <= $as_of) GROUP BY instrument
"""
_INPUTS: Final = {"raw_prices": _PRICES, "corporate_actions": _ACTIONS, "alternative_data": _ALTERNATIVE}
_ARRIVED: Final = {
    table: f"""
    SELECT instrument, count(*) AS n, min(event_at) AS first_event, max(event_at) AS last_event
    FROM market.{table} WHERE ingested_at > $since GROUP BY instrument ORDER BY instrument
    """
    for table in _INPUTS
}
_TUNED: Final = """
SELECT family, instrument, horizon, md5(string_agg(tuning_id, '|' ORDER BY tuning_id)) AS mark
FROM models.tuned_parameters GROUP BY ALL
"""
_STORED: Final = (
    "SELECT asset, partition, data_version, code_version, spec_hash, ingested_at, created_at FROM ops.partitions"
)


@dataclass(frozen=True, slots=True)
class Stale:
    """One partition to compute again.

    Parameters
    ----------
    asset : str
    partition : str
        As the graph names it: SP500, 1d|SP500; empty for an asset without partitions.
    reason : str
        What changed: rows of an input, modules, settings; or that it was never computed.
    """

    asset: str
    partition: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Version:
    """What a partition stands on; when its inputs arrived only helps to say what changed."""

    data: str
    code: str
    spec: str
    ingested_at: datetime | None = field(compare=False)


class Manifest:
    """What every partition stands on now.

    Parameters
    ----------
    store : Lake
    as_of : datetime, optional
        Knowledge cutoff of the inputs, naive UTC; everything that is stored unless given.
    """

    def __init__(self, store: "Lake", as_of: datetime | None = None) -> None:
        self._store, self._as_of = store, as_of
        self._families = tuple(family.name for family in chosen_families(store.settings))
        rows = {table: store.query(sql, {"as_of": as_of}) for table, sql in _INPUTS.items()}
        self._marks = {
            table: {name: (f"{n}-{mark:x}", moment) for name, n, moment, mark in frame.iter_rows()}
            for table, frame in rows.items()
        }
        self._everyone: dict[frozenset[str], tuple[str, datetime | None]] = {}

    @property
    def instruments(self) -> tuple[str, ...]:
        """Instruments with prices, in order of name."""
        return tuple(sorted(self._marks["raw_prices"]))

    def note(self, done: Mapping[str, Iterable[str]], run_id: str) -> None:
        """Record what partitions stand on that were computed on the inputs of this manifest.

        Parameters
        ----------
        done : mapping of str to iterable of str
            Partitions by asset; failed ones too, since the same inputs would fail again.
        run_id : str
        """
        import polars as pl

        families = self._families
        record(self._store, sorted({name for asset in done for name in ground_of(asset, families).assets}), run_id)
        stored = self._stored
        rows: list[dict[str, object]] = []
        for asset, partitions in done.items():
            for partition in partitions:
                version = self.version(asset, partition)
                if stored.get((asset, partition), (None,))[0] != version:
                    rows.append({"asset": asset, "partition": partition} | _columns(version))
        if not rows:
            return
        moment = datetime.now(UTC).replace(tzinfo=None)
        frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(
            pl.col("ingested_at").cast(pl.Datetime("us")),
            created_at=pl.lit(moment).cast(pl.Datetime("us")),
            as_of=pl.lit(self._as_of).cast(pl.Datetime("us")),
        )
        with self._store.transaction(_PRODUCER, run_id, f"what {len(rows)} partitions stand on") as tx:
            for (asset,), own in frame.partition_by("asset", as_dict=True).items():
                tx.replace("ops.partitions", own, asset=[str(asset)], partition=own["partition"].to_list())

    def version(self, asset: str, partition: str) -> _Version:
        """Say what one partition stands on."""
        ground = ground_of(asset, self._families)
        instrument = partition.rpartition("|")[2]
        data, moment = self._all(ground.tables) if ground.everyone else self._own(ground.tables, instrument)
        return _Version(data, self._code(asset), self._spec(asset, partition), moment)

    def _own(self, tables: frozenset[str], instrument: str) -> tuple[str, datetime | None]:
        marks = [self._marks[table].get(instrument, ("0", None)) for table in sorted(tables)]
        moments = [moment for _, moment in marks if moment is not None]
        return " ".join(mark for mark, _ in marks), max(moments, default=None)

    def _all(self, tables: frozenset[str]) -> tuple[str, datetime | None]:
        if tables not in self._everyone:
            own = {name: self._own(tables, name) for name in self.instruments}
            moments = [moment for _, moment in own.values() if moment is not None]
            version = content_hash(*(part for name, (mark, _) in own.items() for part in (name, mark)))
            self._everyone[tables] = version, max(moments, default=None)
        return self._everyone[tables]

    def _code(self, asset: str) -> str:
        if asset not in self._codes:
            closure = sorted(ground_of(asset, self._families).assets)
            self._codes[asset] = content_hash(*(part for name in closure for part in (name, version_of(name))))
        return self._codes[asset]

    @cached_property
    def _codes(self) -> dict[str, str]:
        return {}

    def _spec(self, asset: str, partition: str) -> str:
        """Hash the settings and searches that decide a partition."""
        models = sorted(ground_of(asset, self._families).assets & {family.name for family in FAMILIES})
        if not models:
            return ""
        horizon, _, instrument = partition.rpartition("|")
        tuned = [self._tuned.get((name, instrument, horizon), "") for name in models]
        return content_hash(str(self._store.settings.seed), *models, *tuned)

    @cached_property
    def _tuned(self) -> dict[tuple[str, str, str], str]:
        rows = self._store.query(_TUNED)
        return {(family, name, horizon): mark for family, name, horizon, mark in rows.iter_rows()}

    @cached_property
    def _stored(self) -> dict[tuple[str, str], tuple[_Version, datetime]]:
        return {
            (asset, partition): (_Version(data, code, spec, ingested_at), created_at)
            for asset, partition, data, code, spec, ingested_at, created_at in self._store.query(_STORED).iter_rows()
        }

    def stale(self, assets: Sequence[str] | None = None, instruments: Sequence[str] | None = None) -> list[Stale]:
        """List the partitions that stand on something else by now, upstream before downstream.

        Parameters
        ----------
        assets : sequence of str, optional
            Bars, dbt models and assets of the model grid that are in use, unless given.
        instruments : sequence of str, optional
            Those with prices unless given.
        """
        settings = self._store.settings
        names = self.instruments if instruments is None else tuple(instruments)
        why = _Reasons(self._store, self._families)
        found: list[Stale] = []
        for asset in (*instrument_assets(), *grid_assets(settings)) if assets is None else assets:
            for partition in _partitions(asset, names, settings.horizons):
                now, then = self.version(asset, partition), self._stored.get((asset, partition))
                if then is None or then[0] != now:
                    found.append(Stale(asset, partition, why.of(asset, partition, now, then)))
        return found


def is_newest(store: "Lake", as_of: datetime) -> bool:
    """Say whether a run with this cutoff sees all bars: only then do its partitions stand on everything stored."""
    newest = store.query("SELECT max(known_at) AS known_at FROM market.bars")["known_at"][0]
    return newest is None or as_of >= newest


def _columns(version: _Version) -> dict[str, object]:
    return {
        "data_version": version.data,
        "code_version": version.code,
        "spec_hash": version.spec,
        "ingested_at": version.ingested_at,
    }


def _partitions(asset: str, instruments: Sequence[str], horizons: Sequence[str]) -> list[str]:
    if asset in instrument_assets():
        return list(instruments) if is_partitioned(asset) else [""]
    return [str(GridKey(name, horizon)) for name in instruments for horizon in horizons]


class _Reasons:
    """Words for what changed; looked up once for partitions that were computed together."""

    def __init__(self, store: "Lake", families: tuple[str, ...]) -> None:
        self._store, self._families = store, families
        self._arrived: dict[tuple[str, datetime | None], pl.DataFrame] = {}
        self._modules: dict[tuple[str, datetime], str] = {}

    def of(self, asset: str, partition: str, now: _Version, then: tuple[_Version, datetime] | None) -> str:
        """Say why a partition is stale."""
        if then is None:
            return "never computed"
        before, made = then
        reasons = [self._inputs(asset, partition, before)] if before.data != now.data else []
        reasons += [self._code(asset, made)] if before.code != now.code else []
        reasons += ["HFP_SEED, HFP_FAMILIES or tuned parameters changed"] if before.spec != now.spec else []
        return "; ".join(reasons)

    def _inputs(self, asset: str, partition: str, before: _Version) -> str:
        ground = ground_of(asset, self._families)
        own = partition.rpartition("|")[2]
        texts: list[str] = []
        for table in sorted(ground.tables):
            rows = self._rows(table, before.ingested_at)
            if not ground.everyone:
                rows = rows.filter(rows["instrument"] == own)
            for name, n, first, last in rows.iter_rows():
                span = f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
                texts.append(f"{n} row{'s' if n > 1 else ''} of {name} arrived in {table}, {span}")
        return "; ".join(texts) or "rows of its inputs were taken out or became visible"

    def _rows(self, table: str, since: datetime | None) -> "pl.DataFrame":
        key = (table, since)
        if key not in self._arrived:
            self._arrived[key] = self._store.query(_ARRIVED[table], {"since": since or datetime.min})  # noqa: DTZ901 - naive UTC throughout
        return self._arrived[key]

    def _code(self, asset: str, made: datetime) -> str:
        if (asset, made) not in self._modules:
            closure = ground_of(asset, self._families).assets
            changed = {m for name in closure for m in changed_modules(self._store, name, until=made) or ()}
            self._modules[asset, made] = f"changed: {', '.join(sorted(changed)) or 'code that was not recorded'}"
        return self._modules[asset, made]
