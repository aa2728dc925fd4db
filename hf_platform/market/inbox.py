"""The inbox: a dropped file is checked, its good instruments are staged, the file is put away.

    HFP_HOME/inbox/                       files are dropped here
    HFP_HOME/inbox/staged/<instrument>/   what the `files` source reads: Parquet drops in order, and the record
    HFP_HOME/inbox/staged_<layout>/       the same for corporate actions, alternative data and tickers
    HFP_HOME/inbox/processed/             files of which something was used
    HFP_HOME/inbox/rejected/              files of which nothing was; <file>.reason.json says why

Every file appears under its final name only when it is complete, so a crash at any moment leaves
nothing half done, and staging the same file again changes nothing.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from hf_platform.errors import DataError
from hf_platform.horizons import FREQUENCIES
from hf_platform.market import tickers
from hf_platform.market.drop_layouts import PRICES, TICKERS, Layout, layout_of
from hf_platform.market.drop_rules import Checked, check_rows
from hf_platform.market.drops import Rejection, read_drop
from hf_platform.market.other_drops import check_other
from hf_platform.market.universe import Instrument, check_name
from hf_platform.settings import Settings
from hf_platform.types import utc_naive

_RECORD: Final = "instrument.json"
_PARTIAL: Final = ".partial"
_MOST_REJECTIONS: Final = 1000  # in a reason file
_ORDER: Final = tuple(FREQUENCIES)


@dataclass(frozen=True, slots=True)
class StageResult:
    """What became of one dropped file.

    Parameters
    ----------
    file : str
        Its name.
    accepted : dict of instrument to Path
        Staged Parquet files.
    rejected : list of Rejection
        Why the rest is not used.
    notices : list of Rejection
        What is odd about rows that are used; they will carry flags.
    waiting : tuple of str
        Instruments whose tickers are known now and whose prices are still to come.
    moved_to : Path or None
        Where the file lies now; None where it was outside the inbox and stays.
    reason_file : Path or None
        Where the rejections are written.
    """

    file: str
    accepted: dict[str, Path] = field(default_factory=dict[str, Path])
    rejected: list[Rejection] = field(default_factory=list[Rejection])
    notices: list[Rejection] = field(default_factory=list[Rejection])
    waiting: tuple[str, ...] = ()
    moved_to: Path | None = None
    reason_file: Path | None = None


def pending(settings: Settings, *, settled_for: float = 1.0) -> list[Path]:
    """List the files that wait in the inbox, oldest first.

    Parameters
    ----------
    settings : Settings
    settled_for : float
        Seconds since the last change; younger files may still be in the making.

    Returns
    -------
    list of Path
        Without folders, hidden files and files whose names end in ``.part``, ``.partial`` or ``.tmp``.
    """
    if not settings.inbox.is_dir():
        return []
    newest = time.time() - settled_for
    found: list[tuple[float, Path]] = []
    for path in settings.inbox.iterdir():
        status = path.lstat()
        unfinished = path.name.startswith(".") or path.suffix in (".part", _PARTIAL, ".tmp")
        if not unfinished and not path.is_dir() and status.st_mtime <= newest:
            found.append((status.st_mtime, path))
    return [path for _, path in sorted(found)]


def stage(
    path: Path, settings: Settings, *, universe: Mapping[str, Instrument] | None = None, now: datetime | None = None
) -> StageResult:
    """Check a dropped CSV or Parquet file and stage its good instruments.

    Parameters
    ----------
    path : Path
        The file. In the inbox it is moved to ``processed`` or ``rejected``; elsewhere it stays, and
        a file that is rejected is copied.
    settings : Settings
        Where the inbox is and how large a file may be.
    universe : mapping of instrument to Instrument, optional
        What the lake knows already (`universe.read_universe`); a file may not contradict it.
    now : datetime, optional
        UTC; bars that end later are refused. The clock by default.

    Returns
    -------
    StageResult
        One bad instrument costs only its own rows.

    Notes
    -----
    Columns: date or event_at, close, and optionally instrument (else the file's name is the
    instrument), open, high, low, volume, frequency, calendar, currency, asset_class, price_rule.
    A date stands for the close of that session; a time without a zone is UTC. A column `action` makes
    it a file of corporate actions, a column `kind` one of alternative data (`drop_layouts`): those need
    instruments whose prices are known, and their bad rows are quarantined one by one when they are loaded.
    Columns ticker, instrument, valid_from make it a file of tickers; with those known, `ticker` may stand
    for `instrument` in every other file, and means whom it meant on the day of each row.
    """
    path = Path(path)
    moment = utc_naive(now) if now is not None else datetime.now(UTC).replace(tzinfo=None)
    known = {**staged_records(settings), **(universe or {})}
    drop = read_drop(path, max_mb=settings.inbox_max_mb)
    layout = PRICES if isinstance(drop, Rejection) else layout_of(drop.columns)
    unresolved: list[Rejection] = []
    if not isinstance(drop, Rejection) and layout is not TICKERS and "ticker" in drop.columns:
        drop, unresolved = tickers.resolve(drop, staged_tickers(settings), known, file=path.name)
    if isinstance(drop, Rejection):
        checked = Checked(rejected=[drop])
    elif layout is not PRICES:
        result = _stage_other(drop, layout, path.name, settings, known)
        return _put_away(path, settings, replace(result, rejected=[*unresolved, *result.rejected]), moment)
    else:
        checked = check_rows(drop, file=path.name, stem=path.stem, universe=known, now=moment)
        checked.rejected[:0] = unresolved
    accepted = {
        name: _write_drop(settings, path.name, checked.records[name], frame, known.get(name))
        for name, frame in checked.frames.items()
    }
    result = StageResult(path.name, accepted, checked.rejected, checked.notices)
    return _put_away(path, settings, result, moment)


def _stage_other(
    drop: pl.DataFrame, layout: Layout, file: str, settings: Settings, known: Mapping[str, Instrument]
) -> StageResult:
    """Stage what is no price. Tickers may be told before the prices of their instruments come."""
    if layout is TICKERS:
        frames, rejected = tickers.check_spells(drop, staged_tickers(settings), file=file)
    else:
        frames, rejected = check_other(drop, layout, file=file, known=known)
    folder = staged_folder(settings, layout.name)
    written = {name: _append_drop(folder / name, file, frame) for name, frame in frames.items()}
    accepted = {name: target for name, target in written.items() if name in known}
    return StageResult(file, accepted, rejected, waiting=tuple(sorted(written.keys() - accepted.keys())))


REJECTED_SCHEMA: Final[dict[str, pl.DataType]] = {
    "staged_at": pl.String(), "file": pl.String(), "instrument": pl.String(), "row": pl.Int64(), "rule": pl.String(),
    "value": pl.String(), "n_rows": pl.Int64(), "next_step": pl.String(),
}  # fmt: skip


def read_rejections(settings: Settings) -> pl.DataFrame:
    """Read why files, or instruments in them, were never loaded; the newest first.

    Returns
    -------
    DataFrame
        Columns of `REJECTED_SCHEMA`: one row per rule broken, for the whole file where instrument is null.

    Raises
    ------
    DataError
        If a reason file cannot be read.
    """
    rows: list[dict[str, object]] = []
    for path in sorted(settings.inbox.glob("*/*.reason.json")):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            rows += [{"staged_at": told["staged_at"], **rejection} for rejection in told["rejected"]]
        except (OSError, TypeError, ValueError, KeyError) as error:
            raise DataError(f"{path}: a reason file is JSON, found {error}. Remove it.") from error
    return pl.DataFrame(rows, schema=REJECTED_SCHEMA).sort("staged_at", descending=True, maintain_order=True)


def staged_folder(settings: Settings, layout: str = PRICES.name) -> Path:
    """Give the folder that holds a folder per instrument staged from files of a layout."""
    return settings.inbox / ("staged" if layout == PRICES.name else f"staged_{layout}")


def staged_instruments(settings: Settings, layout: str) -> list[str]:
    """List the instruments that have rows of a layout other than prices."""
    return sorted({path.parent.name for path in staged_folder(settings, layout).glob("*/*.parquet")})


def staged_rows(settings: Settings, layout: str, instrument: str, key: Sequence[str]) -> pl.DataFrame:
    """Read what was dropped of one instrument; of a row that several files hold, the newest file counts.

    Raises
    ------
    DataError
        If a staged file cannot be read.
    """
    paths = sorted((staged_folder(settings, layout) / check_name(instrument)).glob("*.parquet"))
    kept: list[pl.DataFrame] = []
    for path in reversed(paths):
        try:
            frame = pl.read_parquet(path)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DataError(f"{path}: a staged file is readable, found {error}. Remove it, drop again.") from error
        for newer in kept:
            frame = frame.join(newer, on=key, how="anti", nulls_equal=True)
        kept.append(frame)
    return pl.concat(reversed(kept), how="vertical_relaxed")


def staged_tickers(settings: Settings, instrument: str | None = None) -> pl.DataFrame:
    """Read the spells of tickers that were dropped, of all instruments by default; the newest file counts.

    Raises
    ------
    DataError
        If a staged file cannot be read.
    """
    known = staged_instruments(settings, TICKERS.name)
    names = known if instrument is None else [name for name in known if name == instrument]
    source = pl.lit("files").alias("source")
    return tickers.spells_of(
        [staged_rows(settings, TICKERS.name, name, ("ticker", "valid_from")).with_columns(source) for name in names]
    )


def staged_records(settings: Settings) -> dict[str, Instrument]:
    """Read the record of every staged instrument, sorted by name.

    Raises
    ------
    DataError
        If a record cannot be read.
    """
    folder = staged_folder(settings)
    found = [_read_record(path) for path in sorted(folder.glob(f"*/{_RECORD}"))] if folder.is_dir() else []
    return {record.instrument: record for record in found}


def staged_record(settings: Settings, instrument: str) -> Instrument | None:
    """Read the record of one staged instrument; None if nothing was staged under that name.

    Raises
    ------
    DataError
        If the record cannot be read, or the name breaks the rule.
    """
    path = staged_folder(settings) / check_name(instrument) / _RECORD
    return _read_record(path) if path.exists() else None


def _read_record(path: Path) -> Instrument:
    try:
        return Instrument(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise DataError(f"{path}: a staged record is JSON, found {error}. Remove the folder, drop again.") from error


def staged_drops(settings: Settings, instrument: str) -> list[Path]:
    """List the staged Parquet files of an instrument in the order in which they were dropped."""
    return sorted((staged_folder(settings) / check_name(instrument)).glob("*.parquet"))


def _write_drop(
    settings: Settings, file: str, record: Instrument, frame: pl.DataFrame, known: Instrument | None
) -> Path:
    """Write one instrument's rows unless the newest staged drop says the same."""
    folder = staged_folder(settings) / record.instrument
    target = _append_drop(folder, file, frame)
    if known is not None:
        record = replace(record, frequency=min(record.frequency, known.frequency, key=_ORDER.index))
    facts = {k: v for k, v in asdict(record).items() if k not in ("valid_from", "valid_to")}
    with _complete(folder / _RECORD) as partial:
        partial.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return target


def _append_drop(folder: Path, file: str, frame: pl.DataFrame) -> Path:
    """Write rows as the next drop of a folder unless its newest drop says the same."""
    folder.mkdir(parents=True, exist_ok=True)
    drops = sorted(folder.glob("*.parquet"))
    vectors = pl.col(pl.List(pl.Float64))
    flat = frame.drop("row_number").with_columns(vectors.list.eval(pl.element().cast(pl.String)).list.join(" "))
    digest = hashlib.sha256(flat.write_csv(float_precision=None).encode()).hexdigest()[:16]
    if drops and drops[-1].stem.endswith(digest):
        return drops[-1]
    number = int(drops[-1].stem.split("-")[0]) + 1 if drops else 1
    target = folder / f"{number:06d}-{digest}.parquet"
    with _complete(target) as partial:
        frame.with_columns(pl.lit(file).alias("file")).write_parquet(partial)
    return target


@contextmanager
def _complete(target: Path) -> Generator[Path]:
    """Lend a path beside the target; what is written there takes the target's name in one step."""
    partial = target.with_name(f".{target.name}.{os.getpid()}{_PARTIAL}")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _put_away(path: Path, settings: Settings, result: StageResult, now: datetime) -> StageResult:
    """Write the reasons, then move the file: a crash in between only means staging it again."""
    in_inbox = path.parent.resolve() == settings.inbox.resolve()
    folder = settings.inbox / ("processed" if result.accepted or result.waiting else "rejected")
    folder.mkdir(parents=True, exist_ok=True)
    target = _free_name(folder, path.name)
    reason_file: Path | None = None
    if result.rejected:
        reason_file = target.with_name(f"{target.name}.reason.json")
        reasons = {
            "file": result.file,
            "staged_at": now.isoformat(),
            "accepted": sorted(result.accepted),
            "rejected": [asdict(rejection) for rejection in result.rejected[:_MOST_REJECTIONS]],
            "n_rejected": len(result.rejected),
        }
        with _complete(reason_file) as partial:
            partial.write_text(json.dumps(reasons, indent=1), encoding="utf-8")
    moved_to: Path | None = None
    if in_inbox and os.path.lexists(path):
        path.replace(target)
        moved_to = target
    elif (
        not (result.accepted or result.waiting)
        and path.is_file()
        and path.stat().st_size <= settings.inbox_max_mb * 1024 * 1024
    ):
        with _complete(target) as partial:
            shutil.copyfile(path, partial)
        moved_to = target
    return replace(result, moved_to=moved_to, reason_file=reason_file)


def _free_name(folder: Path, name: str) -> Path:
    """Give a path that no earlier file of the same name holds; long names are cut."""
    path = Path(name)
    stem, suffix = path.stem[:180], path.suffix[:10]
    number = 1
    while True:
        target = folder / (f"{stem}{suffix}" if number == 1 else f"{stem}.{number}{suffix}")
        if not os.path.lexists(target):
            return target
        number += 1
