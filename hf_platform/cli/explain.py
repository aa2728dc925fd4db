"""`hfp explain`: one VaR number and everything it rests on, from the lake."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hf_platform.errors import ConfigError
from hf_platform.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

    from hf_platform.lineage.explain import Explanation

_SHOWN_PARAMETERS: Final = 8
_CERTIFICATE: Final = {
    "log_likelihood": "log-likelihood",
    "aic": "AIC",
    "score": "score",
    "gradient_norm": "gradient norm",
    "n_optima": "optima",
}


def explain(  # noqa: PLR0917 - typer fills them by name
    instrument: Annotated[str, typer.Argument(help="For example SP500.")],
    horizon: Annotated[str, typer.Argument(help="For example 1d.")],
    confidence: Annotated[float, typer.Option(help="Of the VaR, like 0.99.")] = 0.99,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Only what was known then, UTC.")] = None,
    method: Annotated[str, typer.Option(help="ensemble, parametric, filtered_historical, quantile_models or ewma.")]
    = "ensemble",
    short: Annotated[bool, typer.Option("--short", help="Of a short position.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every parameter included.")] = False,
) -> None:  # fmt: skip
    """Say where a VaR number comes from: members, parameters, data, code, tests."""
    from hf_platform.lake import Lake
    from hf_platform.lineage.explain import Question
    from hf_platform.lineage.explain import explain as look_up

    question = Question(instrument, horizon, confidence, method, -1 if short else 1, cutoff(as_of))
    found = look_up(Lake(Settings.from_env()), question)
    if as_json:
        typer.echo(as_text(found))
        return
    from rich.console import Console

    show(Console(), found)


def cutoff(asked: str | None) -> datetime | None:
    """Read a knowledge cutoff that a user typed.

    Raises
    ------
    ConfigError
        If it is no ISO date or time.
    """
    if asked is None:
        return None
    try:
        return datetime.fromisoformat(asked)
    except ValueError as error:
        raise ConfigError(
            f"--as-of is an ISO date or time in UTC, found {asked!r}. Write it like 2018-12-24."
        ) from error


def as_text(found: "Explanation") -> str:
    """Write an explanation as JSON; times in ISO format."""
    parts = {name: getattr(found, name) for name in ("number", "forecast", "members", "data", "actions", "tests")}
    return json.dumps(parts, indent=2, default=str)


def show(console: "Console", found: "Explanation") -> None:
    """Print an explanation for a person."""
    for line in _head(found):
        console.print(line, highlight=False, soft_wrap=True)
    for row in found.members:
        for line in _member(row):
            console.print(line, highlight=False, soft_wrap=True, markup=False)
    for line in (*_data(found), *_tests(found)):
        console.print(line, highlight=False, soft_wrap=True)
    console.print(f"Compute it again: hfp replay {found.number['var_id']}", highlight=False, soft_wrap=True)


def _head(found: "Explanation") -> list[str]:
    n, f = found.number, found.forecast
    side = "long" if n["position_sign"] > 0 else "short"
    lines = [
        f"[bold]{n['instrument']} {n['horizon']}: VaR {n['value_at_risk']:.4%}[/], "
        f"ES {_percent(n['expected_shortfall'])} of a {side} position at {n['confidence']:g}, "
        f"from the close of {n['forecast_origin']} to {n['target_at']} UTC",
        f"number {n['var_id']}, method {n['method']}, known {n['known_at']}, run {n['run_id']}, "
        f"lake snapshot {n['lake_snapshot'] or 'expired'}",
    ]
    if f is not None:
        lines.append(
            f"forecast {f['forecast_id']}: mean {f['mean']:.4%}, volatility {f['volatility']:.4%}, combination "
            f"{f['combination']}, agreement {f['agreement']:.2f}; tails from the ensemble's own past errors"
        )
    if n["missing_members"]:
        lines.append(f"missing members: {', '.join(n['missing_members'])}")
    return lines


def _member(row: dict[str, Any]) -> list[str]:
    weight = "" if row["weight"] is None else f", weight {row['weight']:.4f} by {row['criterion']}"
    certificate = [f"{row['n_obs']} observations"]
    certificate += [f"{label} {row[name]:.6g}" for name, label in _CERTIFICATE.items() if row[name] is not None]
    certificate += ["a parameter at its bound"] if row["at_boundary"] else []
    numbers = [f"{name} {value:.6g}" for name, value in row["params"].items() if isinstance(value, float)]
    more = len(numbers) - _SHOWN_PARAMETERS
    shown = ", ".join(numbers[:_SHOWN_PARAMETERS]) + (f", {more} more with --json" if more > 0 else "")
    return [
        f"  {row['member']}{weight}: trained on {row['train_start']:%Y-%m-%d} to {row['train_end']:%Y-%m-%d}, "
        + ", ".join(certificate),
        f"    {shown or 'no parameters'}",
        f"    model {row['model_id']}, data {row['data_version']}, code {row['code_version']}, lake snapshot "
        f"{row['lake_snapshot']}, run {row['run_id']}",
    ]


def _data(found: "Explanation") -> list[str]:
    d = found.data
    lines = [
        f"Data: {d['n_bars']} bars {d['first_bar']} to {d['last_bar']} from {', '.join(d['sources'] or ['nowhere'])}, "
        f"calendar {d['calendar']}, {d['n_restatements']} restatements, {d['n_flagged']} flagged; flags at the origin: "
        f"{', '.join(d['flags_at_origin'] or []) or 'none'}"
    ]
    actions = [
        f"{a['kind']} {a['value']:g} on {a['event_at']:%Y-%m-%d}" for a in found.actions if a["value"] is not None
    ]
    shown = "; ".join(actions[-5:]) or "none"
    lines.append(f"Price adjustments in force: {len(actions)}, the newest: {shown}" if actions else
                 "Price adjustments in force: none")  # fmt: skip
    return lines


def _tests(found: "Explanation") -> list[str]:
    if not found.tests:
        return ["Coverage tests: none stored for this key and method"]
    lines = ["Coverage tests, longest window of each:"]
    for t in found.tests:
        p = "" if t["p_value"] is None else f", p {t['p_value']:.4f}"
        zone = f", {t['zone']}" if t["zone"] else ""
        breaches = "" if t["n_breaches"] is None else f", {t['n_breaches']} breaches of {t['n_forecasts']}"
        why = f" ({t['reason']})" if t["reason"] else ""
        lines.append(f"  {t['test']}: {t['verdict']}{why}{p}{zone}{breaches}")
    return lines


def _percent(value: float | None) -> str:
    return "not available" if value is None else f"{value:.4%}"
