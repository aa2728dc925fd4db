"""`hfp bench graph`: the graph measured in processes of their own; the graph is imported there, not here."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.markdown import Markdown

from hf_platform.capacity.graph_benchmark import GraphBenchmark, GraphRun
from hf_platform.errors import StoreError
from hf_platform.settings import Settings

# Ten daily horizons: horizons of one frequency share their fits, as in a night.
_HORIZONS = "1d 2d 3d 4d 5d 8d 10d 12d 15d 20d"
_SIZES = (1_000, 5_000, 25_000)


def bench_graph(
    models: Annotated[
        list[int] | None, typer.Option("--models", min=1, help="Models of one run; repeatable, increasing.")
    ] = None,
    family: Annotated[str, typer.Option(help="Family that is fitted.")] = "garch",
    postgres: Annotated[
        str | None,
        typer.Option(help="postgresql://USER:PASSWORD@HOST:PORT of a server where databases may be made; "
                          "default: the one of HFP_DAGSTER_POSTGRES, else SQLite only."),
    ] = None,
) -> None:  # fmt: skip
    """Run simulated instruments through graph, ledger, lake and events; say what is fitting, what is bookkeeping."""
    console, settings = Console(), Settings.from_env()
    sizes = sorted(set(models or _SIZES))
    url = postgres
    if url is None and settings.dagster_postgres is not None:
        url = settings.dagster_postgres.get_secret_value()
    with console.status(f"{family}: {', '.join(f'{size:,}' for size in sizes)} models ..."):
        found = [_measured("SQLite", family, sizes, settings, {})]
        if url is not None:
            with _databases(url) as stores:
                found.append(_measured("PostgreSQL", family, sizes, settings, stores))
    for benchmark in found:
        console.print(Markdown(benchmark.to_markdown()))
        console.print(f"prices, bars and features before that: {benchmark.preparation_seconds:.0f} s of CPU")
    folder = settings.home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "graph.json"
    file.write_text(json.dumps([json.loads(one.to_json()) for one in found], indent=1), encoding="utf-8")
    console.print(f"saved {file}")


def _measured(
    storage: str, family: str, sizes: Sequence[int], settings: Settings, stores: dict[str, str]
) -> GraphBenchmark:
    import os
    import platform
    from datetime import UTC, datetime

    with tempfile.TemporaryDirectory(prefix="hfp-bench-") as home:
        own = {"HFP_HOME": home, "HFP_HORIZONS": _HORIZONS, "HFP_FAMILIES": family, "HFP_TRACKING": "off",
               "HFP_EXECUTOR": "inline", "HFP_THREADS": str(settings.threads)}  # fmt: skip
        environment = settings.child_environment()
        kept = {name: value for name, value in environment.items() if not name.startswith("HFP_")}
        done = subprocess.run(
            [sys.executable, "-m", "assets.bench_graph", family, *map(str, sizes)],
            env=kept | {"DAGSTER_EVENT_BATCH_SIZE": "1000"} | own | stores,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or ["nothing"]
        raise StoreError(f"the benchmark on {storage} ended with {done.returncode} and said: {said[0]}")
    account = json.loads(done.stdout.splitlines()[-1])
    return GraphBenchmark(
        storage=storage,
        family=family,
        threads=settings.threads,
        machine=f"{platform.machine()}, {os.cpu_count()} cores",
        measured_at=f"{datetime.now(UTC):%Y-%m-%d}",
        preparation_seconds=account["preparation_seconds"],
        runs=tuple(GraphRun(**run) for run in account["runs"]),
    )


@contextmanager
def _databases(url: str) -> Iterator[dict[str, str]]:
    """Make a database for the lake and one for runs and events, and drop them in the end."""
    from urllib.parse import urlsplit

    import psycopg2
    from psycopg2 import sql
    from psycopg2.extensions import make_dsn
    from pydantic import SecretStr

    from resources.postgres import check_postgres

    plain = url.replace("postgresql+psycopg2://", "postgresql://", 1)
    server = urlsplit(plain)._replace(path="/postgres").geturl()
    check_postgres(SecretStr(server), "--postgres")
    names = {use: f"hfp_bench_{use}_{uuid4().hex[:8]}" for use in ("lake", "dagster")}
    connection = psycopg2.connect(server)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for name in names.values():
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        there = urlsplit(server.replace("postgresql://", "postgresql+psycopg2://", 1))
        yield {
            "HFP_LAKE_CATALOG": f"postgres:{make_dsn(server, dbname=names['lake'])}",
            "HFP_DAGSTER_POSTGRES": there._replace(path=f"/{names['dagster']}").geturl(),
        }
    finally:
        with connection.cursor() as cursor:
            for name in names.values():
                cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.close()
