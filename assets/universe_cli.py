"""`hfp universe`: which instruments the graph works on, who was a member when, and under which ticker."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from hf_platform.errors import ConfigError, UnknownNameError
from hf_platform.settings import Settings

if TYPE_CHECKING:
    from hf_platform.market.universe import Instrument

universe_app = typer.Typer(help="Which instruments the graph works on.", no_args_is_help=True)
console = Console()


@universe_app.command("list")
def universe_list(
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Members on that day, in UTC, delisted names among them.")
    ] = None,
) -> None:
    """List the instruments that have a partition, or those that were members at a moment, as it was known then."""
    from assets.partitions import universe
    from resources.instance import open_instance

    if as_of is not None:
        console.print("\n".join(known_records(Settings.from_env(), as_of)) or "The lake knows no member then.")
        return
    with open_instance(Settings.from_env()) as instance:
        names = universe(instance)
    console.print("\n".join(names) if names else "The universe is empty. Add instruments with: hfp universe add")


@universe_app.command("tickers")
def universe_tickers(
    name: Annotated[str | None, typer.Argument(help="Instrument or ticker; default: all.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="As it was known on that day, UTC.")] = None,
) -> None:
    """Show under which tickers instruments were listed, and when; a ticker may have meant several."""
    from hf_platform.cli.universe import print_tickers

    print_tickers(Settings.from_env(), name, as_of)


@universe_app.command("add")
def universe_add(
    names: Annotated[list[str] | None, typer.Argument(help="Instruments, for example SP500 AAPL.")] = None,
    all_bundled: Annotated[bool, typer.Option("--all-bundled", help="All 23 bundled instruments.")] = False,
) -> None:
    """Give instruments a partition, so that the graph works on them."""
    from assets.partitions import UNIVERSE_NAME, universe
    from hf_platform.market.universe import check_name
    from resources.instance import open_instance

    wanted = [check_name(name) for name in names or []]
    if all_bundled:
        wanted += _bundled_names()
    if not wanted:
        raise ConfigError("name at least one instrument, found none. Or say --all-bundled.")
    with open_instance(Settings.from_env()) as instance:
        known = set(universe(instance))
        new = [name for name in dict.fromkeys(wanted) if name not in known]
        instance.add_dynamic_partitions(UNIVERSE_NAME, new)
    console.print(f"{len(new)} added, {len(known) + len(new)} in the universe.")


@universe_app.command("remove")
def universe_remove(names: Annotated[list[str], typer.Argument(help="Instruments to retire.")]) -> None:
    """Retire instruments: the graph stops working on them; what the lake holds stays."""
    from assets.partitions import UNIVERSE_NAME, universe
    from resources.instance import open_instance

    with open_instance(Settings.from_env()) as instance:
        known = universe(instance)
        for name in names:
            if name not in known:
                raise UnknownNameError("instrument", name, tuple(sorted(known)))
        for name in names:
            instance.delete_dynamic_partition(UNIVERSE_NAME, name)
    console.print(f"{len(names)} retired; their history stays in the lake.")


def known_records(settings: Settings, as_of: str | None = None) -> "dict[str, Instrument]":
    """Read what the lake knows of instruments; nothing where there is no lake yet."""
    from hf_platform.errors import LakeMissingError
    from hf_platform.lake import Lake
    from hf_platform.market.universe import read_universe

    try:
        return read_universe(Lake(settings), datetime.fromisoformat(as_of) if as_of is not None else None)
    except LakeMissingError:
        return {}
    except ValueError as error:
        raise ConfigError(
            f"--as-of is an ISO date or time in UTC, found {as_of!r}. Write it like 2018-12-24."
        ) from error


def _bundled_names() -> list[str]:
    from hf_platform.market.sources.bundled import BundledSource

    return [record.instrument for record in BundledSource().instruments()]
