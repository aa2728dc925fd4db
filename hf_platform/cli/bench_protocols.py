"""`hfp bench forecast --m4 DIR` and `--ett FILE`: nets in published protocols, as a table and JSON."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from hf_platform.errors import UnknownNameError
from hf_platform.settings import Settings


@dataclass(frozen=True, slots=True)
class ProtocolOptions:
    """What the command line asked for."""

    m4: Path | None
    ett: Path | None
    frequency: str
    methods: tuple[str, ...]
    epochs: int | None
    members: int
    lookback: int
    series: int | None


def score_protocols(asked: ProtocolOptions) -> None:
    """Run the protocols asked for; print and save each result."""
    console = Console()
    if asked.m4 is not None:
        _show(console, "m4", _m4(console, asked, asked.m4))
    if asked.ett is not None:
        _show(console, "ett", _ett(console, asked, asked.ett))


def _m4(console: Console, asked: ProtocolOptions, folder: Path) -> dict[str, Any]:
    from hf_platform.models.forecast_protocols import M4_METHODS, run_m4
    from hf_platform.models.m4 import PROTOCOLS
    from hf_platform.models.neural.m4_nets import M4Options

    if asked.frequency not in PROTOCOLS:
        raise UnknownNameError("M4 frequency", asked.frequency, tuple(PROTOCOLS))
    settings = Settings.from_env()
    options = M4Options(members=asked.members, device=settings.device, seed=settings.seed)
    if asked.epochs is not None:
        options = M4Options(
            epochs=asked.epochs, steps=50 * asked.epochs, members=asked.members, device=settings.device,
            seed=settings.seed,
        )  # fmt: skip
    with console.status(f"training on M4 {asked.frequency} ..."):
        return run_m4(folder, asked.frequency, asked.methods or M4_METHODS, options, asked.series)


def _ett(console: Console, asked: ProtocolOptions, path: Path) -> dict[str, Any]:
    from hf_platform.models.forecast_protocols import run_ett
    from hf_platform.models.neural.ett_nets import EttOptions

    device = Settings.from_env().device
    options = EttOptions(lookback=asked.lookback, device=device)
    if asked.epochs is not None:
        options = EttOptions(lookback=asked.lookback, epochs=asked.epochs, device=device)
    with console.status(f"training on {path.name} ..."):
        return run_ett(path, asked.methods or ("patchtst",), options)


def _show(console: Console, name: str, result: dict[str, Any]) -> None:
    from hf_platform.models.forecast_protocols import to_markdown

    console.print(Markdown(to_markdown(result)))
    folder = Settings.from_env().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"forecast_{name}.json"
    path.write_text(json.dumps(result, indent=1), encoding="utf-8")
    console.print(f"saved {path}")
