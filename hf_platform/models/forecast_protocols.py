"""Published protocols as tables: `hfp bench forecast --m4 DIR` and `--ett FILE`."""

import resource
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hf_platform.errors import ConfigError
from hf_platform.models import ett, m4
from hf_platform.models.extras import missing_extra
from hf_platform.models.registry import get_family

if TYPE_CHECKING:
    from hf_platform.models.neural.ett_nets import EttOptions
    from hf_platform.models.neural.m4_nets import M4Options

M4_METHODS: Final = ("es_rnn", "nbeats", "patchtst")
ETT_METHODS: Final = ("patchtst", "nbeats")
_SHOWN: Final = 10


def run_m4(
    folder: Path, frequency: str, methods: Sequence[str], options: "M4Options", most: int | None = None
) -> dict[str, Any]:
    """Score methods, Naive2 and the median of the methods on one frequency.

    Returns
    -------
    dict
        JSON: `rows` (one per method), `rejected` (one per series), `memory` (planned and measured), `series`.

    Raises
    ------
    ConfigError
        If the extra is not installed.
    DataError
        If the folder is no M4 folder.
    """
    from hf_platform.models.neural.m4_nets import forecast

    _check(methods, M4_METHODS)
    panel = m4.read_panel(folder, frequency, most)
    period, horizon = panel.protocol.period, panel.protocol.horizon
    began = time.perf_counter()
    naive = [m4.naive2(train, horizon, period) for train in panel.train]
    scores = [m4.score(panel, "naive2", naive, time.perf_counter() - began)]
    found: dict[str, list[Any]] = {}
    notes: dict[str, str] = {}
    for method in methods:
        began = time.perf_counter()
        found[method], plan = forecast(panel, method, options)
        notes[method] = f"{plan}; peak of the process {_peak_mib()} MiB"
        scores.append(m4.score(panel, method, found[method], time.perf_counter() - began))
    if len(found) > 1:
        together = list(np.median(np.stack([np.stack(own) for own in found.values()]), axis=0))
        scores.append(m4.score(panel, "median of all", together, sum(one.seconds for one in scores)))
    return {
        "protocol": f"M4 {frequency}, horizon {horizon}, season {period}",
        "series": len(panel.names),
        "rows": [asdict(one) for one in scores],
        "rejected": [str(one) for one in panel.rejected],
        "memory": notes,
    }


def run_ett(path: Path, methods: Sequence[str], options: "EttOptions") -> dict[str, Any]:
    """Score methods and the last value on an ETT file; returns and raises as `run_m4`."""
    from hf_platform.models.neural.ett_nets import forecast

    _check(methods, ETT_METHODS)
    data = ett.read_ett(path)
    inputs, targets = ett.windows(data.values, data.test, options.lookback, options.horizon)
    scores = [ett.score("last value", targets, ett.repeat_last(inputs, options.horizon), 0.0)]
    notes: dict[str, str] = {}
    for method in methods:
        began = time.perf_counter()
        found, plan = forecast(data, method, options)
        notes[method] = f"{plan}; peak of the process {_peak_mib()} MiB"
        scores.append(ett.score(method, targets, found, time.perf_counter() - began))
    return {
        "protocol": f"{path.stem}, 12/4/4 months, input {options.lookback}, horizon {options.horizon}, standardised",
        "series": len(data.columns),
        "rows": [asdict(one) for one in scores],
        "rejected": list(data.rejected),
        "memory": notes,
    }


def to_markdown(result: dict[str, Any]) -> str:
    """Write a result as a table, its rejected series and its memory plan."""
    rows: list[dict[str, Any]] = result["rows"]
    names = list(rows[0])
    lines = [f"**{result['protocol']}**, {result['series']} series", ""]
    lines += ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in rows]
    rejected: list[str] = result["rejected"]
    lines += ["", f"{len(rejected)} left out", *(f"* {one}" for one in rejected[:_SHOWN])]
    if len(rejected) > _SHOWN:
        lines.append(f"* and {len(rejected) - _SHOWN} more: see the JSON")
    lines += ["", *(f"* {name}: {note}" for name, note in result["memory"].items())]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _check(methods: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in methods if name not in known]
    if unknown or not methods:
        raise ConfigError(f"methods are {', '.join(known)}, found {', '.join(unknown) or 'none'}. Choose among them.")
    for name in methods:
        problem = missing_extra(get_family(name))
        if problem is not None:
            raise ConfigError(problem)


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
