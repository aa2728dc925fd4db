"""`hfp backup` and `hfp restore`: the whole home to a folder and back, hashes checked."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from hf_platform.settings import Settings


def backup(
    folder: Annotated[Path, typer.Argument(help="New or empty folder, or an earlier backup to bring up to date.")],
) -> None:
    """Copy lake, runs, models and reports to a folder; runs may go on meanwhile."""
    from hf_platform.lake.backup import back_up

    console = Console()
    with _shown(console, "copying") as show:
        made = back_up(Settings.from_env(), folder, show)
    console.print(
        f"{len(made.files):,} files, {made.n_bytes / 2**20:,.1f} MiB, lake snapshot {made.snapshot}. "
        f"Restore with: hfp restore {escape(str(folder))}",
        soft_wrap=True,
    )


def restore(
    folder: Annotated[Path, typer.Argument(help="What `hfp backup` filled.")],
    replace: Annotated[bool, typer.Option("--replace", help="Move what HFP_HOME holds aside first.")] = False,
) -> None:
    """Put a backup in the place of HFP_HOME; nothing is deleted, and nothing moves before every hash is checked."""
    from hf_platform.lake import backup as backups

    console, settings = Console(), Settings.from_env()
    with _shown(console, "checking") as show:
        made, aside = backups.restore(settings, folder, replace=replace, progress=show)
    console.print(f"Restored the lake at snapshot {made.snapshot}, backed up {made.made_at}.")
    if aside is not None:
        console.print(f"What was there is in {escape(str(aside))}; delete it when you are sure.", soft_wrap=True)


@contextmanager
def _shown(console: Console, verb: str) -> Generator[Callable[[str], None]]:
    with console.status(f"{verb} ...") as status:
        yield lambda name: status.update(f"{verb} {escape(name)}")
