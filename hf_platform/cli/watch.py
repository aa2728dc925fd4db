"""`hfp status --watch`: thousands of models at a glance, live, while runs write."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hf_platform.errors import StoreError

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

_BAR: Final = 24
_REASONS: Final = 6
_MODELS: Final = """
select family, count(*) filter (where status = 'ok') as ok, count(*) filter (where status = 'skipped') as skipped,
       count(*) filter (where status not in ('ok', 'skipped')) as failed,
       count(distinct instrument) as instruments, count(distinct horizon) as horizons,
       coalesce(sum(seconds), 0) as seconds, max(created_at) as newest
from models.ledger group by family order by family
"""
_STATE: Final = """
select (select max(known_at) from market.bars) as known_until, (select count(*) from models.forecasts) as forecasts,
       (select count(*) from risk.value_at_risk) as var_numbers,
       (select count(*) from market.quarantine) as quarantined
"""
_REASONS_NOW: Final = """
select reason, count(*) as models, count(distinct instrument) as instruments
from models.failed_models group by reason order by models desc, reason limit $limit
"""


@dataclass(slots=True)
class Watcher:
    """Reads the lake at each refresh and remembers the counts before, to show what moves.

    Parameters
    ----------
    lake : Lake
        Read only; a running writer is never waited for.
    clock : callable
        Seconds that only grow, for the rate.
    """

    lake: "Lake"
    clock: Callable[[], float] = time.monotonic
    _counts: dict[str, int] = field(default_factory=dict[str, int])
    _seen_at: float | None = None

    def frame(self) -> RenderableType:
        """Draw the state of now; a lake that cannot be read this instant is said so, and tried again."""
        try:
            models = self.lake.query(_MODELS)
            state = self.lake.query(_STATE).to_dicts()[0]
            reasons = self.lake.query(_REASONS_NOW, {"limit": _REASONS})
            snapshot = self.lake.latest_snapshot()
        except StoreError as error:
            return Text(str(error), style="red")
        counts = {row["family"]: row["ok"] + row["skipped"] + row["failed"] for row in models.iter_rows(named=True)}
        new = {name: n - self._counts.get(name, n) for name, n in counts.items()}
        if self._counts:
            new |= {name: n for name, n in counts.items() if name not in self._counts}
        now = self.clock()
        passed = None if self._seen_at is None else now - self._seen_at
        self._counts, self._seen_at = counts, now
        rate = f"{sum(new.values()) / passed:,.0f} models/s" if passed else "first look"
        known_until = state["known_until"] or "never"
        head = Text(
            f"{datetime.now(UTC):%H:%M:%S} UTC  snapshot {snapshot}  prices known until {known_until}\n"
            f"{sum(counts.values()):,} models ({rate})  {state['forecasts']:,} forecasts  {state['var_numbers']:,} VaR "
            f"numbers  {state['quarantined']:,} rows in quarantine"
        )
        parts: list[RenderableType] = [head, _families(models, new)]
        if reasons.height:
            parts.append(_failures(reasons))
        return Group(*parts)


def watch(
    lake: "Lake",
    console: Console,
    every: float,
    refreshes: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show the state until Ctrl-C, or for a number of refreshes.

    Parameters
    ----------
    lake : Lake
    console : Console
    every : float
        Seconds between two looks.
    refreshes : int, optional
        How many looks; endless by default.
    sleep : callable
        Waits between looks.
    """
    watcher = Watcher(lake)
    seen = 0
    with Live(watcher.frame(), console=console, auto_refresh=False, screen=console.is_terminal) as live:
        try:
            while refreshes is None or seen + 1 < refreshes:
                sleep(every)
                live.update(watcher.frame(), refresh=True)
                seen += 1
        except KeyboardInterrupt:
            return


def _families(models: "pl.DataFrame", new: dict[str, int]) -> Table:
    table = Table(show_edge=False)
    for name in ("family", "ok", "failed", "skipped", "new", "instruments", "horizons", "fit ms", "newest"):
        table.add_column(name, justify="left" if name in ("family", "newest") else "right")
    table.add_column("ok / failed", min_width=_BAR)
    for row in models.iter_rows(named=True):
        total = row["ok"] + row["failed"] + row["skipped"]
        moved = new.get(row["family"], 0)
        table.add_row(
            row["family"],
            f"{row['ok']:,}",
            Text(f"{row['failed']:,}", style="red" if row["failed"] else ""),
            f"{row['skipped']:,}",
            Text(f"+{moved:,}" if moved else "", style="green"),
            f"{row['instruments']:,}",
            str(row["horizons"]),
            f"{1e3 * row['seconds'] / total:.3g}" if total else "",
            f"{row['newest']:%m-%d %H:%M:%S}",
            _bar(row["ok"], row["failed"], total),
        )
    return table


def _bar(ok: int, failed: int, total: int) -> Text:
    # One failed model among thousands must still be seen.
    red = max(1, round(_BAR * failed / total)) if failed else 0
    green = min(_BAR - red, round(_BAR * ok / total)) if total else 0
    return (
        Text("█" * green, style="green") + Text("▓" * red, style="red") + Text("░" * (_BAR - green - red), style="dim")
    )


def _failures(reasons: "pl.DataFrame") -> Table:
    table = Table(title="failed now, by reason (hfp status --failed names them)", title_justify="left", show_edge=False)
    table.add_column("models", justify="right")
    table.add_column("instruments", justify="right")
    table.add_column("reason", overflow="ellipsis", no_wrap=True)
    for reason, n_models, n_instruments in reasons.iter_rows():
        table.add_row(f"{n_models:,}", f"{n_instruments:,}", Text(reason or "no reason recorded"))
    return table
