"""Capacity in words and tables: what the asset shows and the terminal prints."""

from collections.abc import Sequence

from hf_platform.capacity.cluster_plan import ClusterPlan
from hf_platform.capacity.gpu_costs import GuideFleet
from hf_platform.capacity.measured import Measured
from hf_platform.capacity.scenarios import GUIDE_FITS, Scenario, duration, slope


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write a table in Markdown; the first column to the left, numbers to the right."""
    lines = [" | ".join(header), " | ".join([":--", *["--:"] * (len(header) - 1)])]
    lines += [" | ".join(str(cell) for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def scenario_rows(scenarios: Sequence[Scenario]) -> list[dict[str, str | int | float | bool | None]]:
    """Flatten the table to plain columns, seconds as numbers."""
    names = ("sequential", "12_cores", "cluster")
    rows: list[dict[str, str | int | float | bool | None]] = []
    for one in scenarios:
        row: dict[str, str | int | float | bool | None] = {"models": one.n_models, "engine_s": one.engine}
        for index, name in enumerate(names):
            row[f"{name}_s"] = one.graph[index]
            row[f"{name}_guide_s"] = None if one.guide is None else one.guide[index]
        rows.append(row | {"basis": "measured" if one.is_measured else "extrapolated"})
    return rows


def scenario_markdown(scenarios: Sequence[Scenario]) -> str:
    """Write the scenario table with the guide's claims."""
    header = (
        "models", "GARCH engine, 1 core", "graph, 1 core", "guide", "graph, 12 cores", "guide",
        "graph, 320 cores", "guide's GPU cluster", "graph is",
    )  # fmt: skip
    rows: list[list[object]] = []
    for one in scenarios:
        pairs = zip(one.graph, one.guide or (None, None, None), strict=True)
        cells = [cell for ours, claim in pairs for cell in (duration(ours), duration(claim))]
        rows.append(
            [f"{one.n_models:,}", duration(one.engine), *cells, "measured" if one.is_measured else "extrapolated"]
        )
    return markdown_table(header, rows)


def scaling_markdown(engine: dict[int, float], lengths: dict[int, float]) -> str:
    """Write the fit times by length, and both slopes."""
    rows = [(f"{n:,}", duration(seconds), duration(GUIDE_FITS.get(n))) for n, seconds in lengths.items()]
    table = markdown_table(("returns", "one fit, in a batch", "guide"), rows)
    said = f"Slope of log time over log models: {slope(engine):.2f} (1 is linear). "
    said += f"Over log length: {slope(lengths):.2f}; the guide's figures give {slope(GUIDE_FITS):.2f}, not linear."
    return f"{table}\n\n{said}"


def measured_markdown(measured: Measured) -> str:
    """Write what the plan rests on."""
    rows = [
        (one.family, one.device, f"{one.n_models:,}", duration(one.fit_seconds), duration(one.core_seconds))
        for one in measured.families
    ]
    table = markdown_table(("family", "device", "models", "one fit", "one model, CPU time of its stage"), rows)
    said = (
        f"Ensembles, VaR, backtests and reports add {duration(measured.graph_seconds)} of CPU time a model; threads "
        f"were busy {measured.efficiency:.0%} of the time. Newest fit: {measured.newest:%Y-%m-%d %H:%M} UTC."
        if measured.is_metered
        else "No metered run is in the lake, so only fits are counted: run `hfp materialize` once."
    )
    return f"{table}\n\n{said}"


def cards_markdown(fleets: Sequence[GuideFleet]) -> str:
    """Write the guide's own ranking of cards, and what is wrong with it."""
    rows = [
        (
            one.card,
            one.models_per_card,
            one.n_cards,
            f"{one.cost_usd:,.0f}",
            f"{one.performance_per_dollar:.5f}",
            one.models_short,
        )
        for one in fleets
    ]
    header = ("card", "models a card", "cards", "USD", "performance per dollar", "models without room")
    first = fleets[0]
    ratio = first.performance_per_dollar / next(
        (one.performance_per_dollar for one in fleets if one.card == "RTX 4090"), first.performance_per_dollar
    )
    said = (
        f"The guide concludes that the RTX 4090 is the efficient card; its own formula puts {first.card} first, "
        f"{ratio:.1f} times better. The formula takes memory for time (a card trains memory / 5 GB models a *day*) "
        "and rounds cards down. `hfp capacity cards --seconds S` counts time, rounds up, adds power and depreciation."
    )
    return f"{markdown_table(header, rows)}\n\n{said}"


def plan_rows(plan: ClusterPlan) -> list[tuple[str, ...]]:
    """Write each option of a plan as text cells."""
    return [
        (
            one.kind,
            str(one.n_nodes),
            duration(one.hours * 3_600),
            f"{one.price_usd:,.0f}",
            "-" if one.budget_use is None else f"{one.budget_use:.1%}" + ("" if one.is_affordable else " (over)"),
            f"{one.kilowatts:.2f}",
            f"{one.kwh:.3g}",
            f"{one.usd_per_run:,.2f}",
            f"{one.usd_per_model:.3g}",
        )
        for one in plan.options
    ]
