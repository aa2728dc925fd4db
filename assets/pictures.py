"""Small pictures on materialisations: the recent past of what was stored, drawn as inline SVG."""

import base64
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import polars as pl

from hf_platform.horizons import FREQUENCIES, Horizon
from hf_platform.lake import Lake
from hf_platform.reports.svg import frame_for, polyline
from hf_platform.types import GridKey

MOST = 250  # keys in one run; a picture is for a person, not for 5,000 keys
RECENT = 120  # origins drawn; every event carries its picture
_COLOURS = ("#1f5fa8", "#c2571a", "#2b7a4b", "#7b3f98", "#8a6d00", "#4d4d4d", "#b3335a")
_STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#777}.grid{stroke:#8884;fill:none}.zero{stroke:#888}"
    ".line{fill:none;stroke-width:1.4}"
)


def price_pictures(lake: Lake, instruments: Sequence[str]) -> dict[str, str]:
    """Draw the weekly closes of each instrument, its whole history."""
    rows = lake.query(
        "select instrument, event_at, close from market.bars where frequency = '1w' and close is not null "
        "and list_contains($names, instrument) order by instrument, event_at",
        {"names": list(instruments)},
    )
    return {
        str(name): picture(f"{name}, weekly close", {"close": part}, "event_at", "close", "")
        for (name,), part in rows.group_by("instrument", maintain_order=True)
    }


def volatility_pictures(lake: Lake, family: str, keys: Sequence[GridKey]) -> Mapping[GridKey, str]:
    """Draw the newest volatility forecasts of a family, one line a variant."""
    rows = lake.query(
        "select instrument, horizon, variant, forecast_origin, volatility from models.forecasts "
        "where family = $family and list_contains($keys, horizon || '|' || instrument) "
        "qualify row_number() over "
        "(partition by instrument, horizon, variant order by forecast_origin desc) <= $recent "
        "order by forecast_origin",
        {"family": family, "keys": [str(key) for key in keys], "recent": RECENT},
    )
    return _by_key(rows, f"{family}: forecast volatility over the horizon", "variant", "volatility")


def decomposition_pictures(lake: Lake, family: str, keys: Sequence[GridKey]) -> Mapping[GridKey, str]:
    """Draw the newest forecast of a family and its components, behind the window that they explain."""
    rows = lake.query(
        "select instrument, horizon, forecast_origin, step, value, "
        "case component when 'log_price' then 'price' when 'forecast' then 'price' else component end as line "
        "from models.decompositions where family = $family and component not in ('residual', 'random_walk') "
        "and list_contains($keys, horizon || '|' || instrument) "
        "qualify rank() over (partition by instrument, horizon order by forecast_origin desc, created_at desc) = 1 "
        "order by step",
        {"family": family, "keys": [str(key) for key in keys]},
    )
    if rows.is_empty():
        return {}
    # The axis is in time: bars ahead stand as far apart as those of their frequency do on average.
    years = {name: 1 / FREQUENCIES[Horizon.parse(name).frequency] for name in rows["horizon"].unique()}
    length = pl.col("horizon").replace_strict(years, return_dtype=pl.Float64) * 365.25 * 86_400_000_000
    drawn = rows.with_columns(
        at=pl.col("forecast_origin") + (pl.col("step") * length).round().cast(pl.Int64).cast(pl.Duration("us"))
    )
    return _by_key(drawn, f"{family}: newest forecast and its components", "line", "value", time="at")


def ensemble_pictures(lake: Lake, name: str, keys: Sequence[GridKey]) -> Mapping[GridKey, str]:
    """Draw the newest combined forecasts of an ensemble."""
    rows = lake.query(
        "select instrument, horizon, name, forecast_origin, mean, volatility from ensembles.forecasts "
        "where name = $name and list_contains($keys, horizon || '|' || instrument) "
        "qualify row_number() over (partition by instrument, horizon order by forecast_origin desc) <= $recent "
        "order by forecast_origin",
        {"name": name, "keys": [str(key) for key in keys], "recent": RECENT},
    )
    value = "volatility" if name == "volatility_ensemble" else "mean"
    return _by_key(rows, f"{name}: {value} of the horizon's return", "name", value)


def weight_pictures(lake: Lake, name: str, keys: Sequence[GridKey]) -> Mapping[GridKey, str]:
    """Draw the newest weights of an ensemble, one line a family."""
    rows = lake.query(
        "select instrument, horizon, split_part(member, '/', 1) as family, forecast_origin, sum(weight) as weight from "
        "(select * from ensembles.weights where name = $name "
        "and list_contains($keys, horizon || '|' || instrument) "
        "qualify dense_rank() over (partition by instrument, horizon order by forecast_origin desc) <= $recent "
        "and rank() over (partition by instrument, horizon, forecast_origin "
        "order by known_at desc, created_at desc) = 1) "
        "group by all order by forecast_origin",
        {"name": name, "keys": [str(key) for key in keys], "recent": RECENT},
    )
    return _by_key(rows, f"{name}: weight of each family", "family", "weight")


def var_pictures(lake: Lake, keys: Sequence[GridKey]) -> Mapping[GridKey, str]:
    """Draw the newest ensemble VaR, one line a confidence."""
    rows = lake.query(
        "select instrument, horizon, 'VaR ' || (100 * confidence)::decimal(4, 1) || ' %' as level, forecast_origin, "
        "value_at_risk from risk.value_at_risk where method = 'ensemble' and position_sign = 1 "
        "and list_contains($keys, horizon || '|' || instrument) "
        "qualify row_number() over "
        "(partition by instrument, horizon, confidence order by forecast_origin desc) <= $recent "
        "order by forecast_origin",
        {"keys": [str(key) for key in keys], "recent": RECENT},
    )
    return _by_key(rows, "VaR of a long position (ensemble)", "level", "value_at_risk")


def _by_key(
    rows: pl.DataFrame, title: str, label: str, value: str, time: str = "forecast_origin"
) -> dict[GridKey, str]:
    return {
        GridKey(str(instrument), str(horizon)): picture(
            f"{instrument} {horizon}, {title}",
            {str(name): line for (name,), line in part.group_by(label, maintain_order=True)},
            time,
            value,
            "%",
        )
        for (instrument, horizon), part in rows.group_by("instrument", "horizon", maintain_order=True)
    }


def picture(title: str, lines: Mapping[str, pl.DataFrame], time: str, value: str, unit: str) -> str:
    """Draw lines over time as markdown that carries its own SVG."""
    points = {
        label: (line[time].to_numpy().astype("datetime64[us]"), line[value].to_numpy().astype(np.float64))
        for label, line in sorted(lines.items())
    }
    times = np.sort(np.concatenate([moments for moments, _ in points.values()]))
    frame = frame_for(times, [levels for _, levels in points.values()], 720, 240)
    body: list[str] = []
    for i, (label, (moments, levels)) in enumerate(points.items()):
        colour = _COLOURS[i % len(_COLOURS)]
        body.append(f'<path class="line" stroke="{colour}" d="{polyline(frame.x(moments), frame.y(levels))}"/>')
        body.append(f'<text x="{66 + 105 * i}" y="22" style="fill:{colour}">{escape(label)}</text>')
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{frame.width}" height="{frame.height}" '
    svg = frame.svg(title, "", body, unit).replace("<svg ", opening, 1)
    svg = svg.replace("<title>", f"<style>{_STYLE}</style><title>", 1)
    return f"![{title}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"
