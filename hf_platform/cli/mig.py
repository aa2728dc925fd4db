"""`hfp mig`: which GPU slice each family gets; prints nvidia-smi commands, runs them only with --apply."""

import shlex
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

mig = typer.Typer(help="Slices of NVIDIA GPUs (MIG) for models of different size.", no_args_is_help=True)
Index = Annotated[int, typer.Option("--index", help="Number of the first card, as nvidia-smi counts.", min=0)]
Apply = Annotated[bool, typer.Option("--apply", help="Run the commands; without it they are only printed.")]


def known_memory() -> dict[str, float]:
    """Map family to GPU memory of one model [GB]: the guide's figure where it has one, else the family's own."""
    from hf_platform.capacity.mig import GUIDE_GB
    from hf_platform.models import FAMILIES

    own = {family.name: family.resources.gpu_memory_gb for family in FAMILIES if family.resources.gpu_memory_gb > 0}
    return {**own, **GUIDE_GB}


@mig.command("plan")
def mig_plan(
    *,
    gpu: Annotated[str, typer.Option(help="A100-40, A100-80, H100 or H200.")],
    families: Annotated[list[str], typer.Option(help="NAME, NAME:NUMBER or NAME=GB:NUMBER.")],
    more: Annotated[list[str] | None, typer.Argument(help="Further families.")] = None,
    headroom: Annotated[float, typer.Option(help="Share of a model's memory kept free besides.", min=0.0)] = 0.10,
    index: Index = 0,
    replace: Annotated[bool, typer.Option("--replace", help="Destroy instances that the plan does not have.")] = False,
    apply: Apply = False,
) -> None:
    """Choose the smallest slice for each model, pack the slices onto cards, and say how to make them."""
    from hf_platform.capacity import mig_commands
    from hf_platform.capacity.mig import parse_demand, plan_slices
    from hf_platform.capacity.mig_profiles import mig_gpu

    card, memory = mig_gpu(gpu), known_memory()
    demands = [parse_demand(text, memory) for text in [*families, *(more or [])]]
    plan = plan_slices(card, demands, headroom=headroom)
    console = Console()
    table = Table(title=f"{len(plan.cards)} x {card.name}", title_justify="left")
    for name in ("card", "model", "profile", "compute /7", "memory /8", "from slice"):
        table.add_column(name, justify="right" if name not in ("model", "profile") else "left")
    for number, placed_on in enumerate(plan.cards, start=index):
        for one in placed_on:
            slices = (str(one.profile.compute), str(one.profile.memory), str(one.start))
            table.add_row(str(number), one.model, one.profile.name, *slices)
    console.print(table)
    console.print("Kubernetes: " + ", ".join(f"{name}: {n}" for name, n in sorted(plan.resources().items())))
    if apply:
        done = mig_commands.apply(plan, first_index=index, replace=replace)
        _show(console, done, "The cards are as planned already.")
        return
    reset = " and resets it (Ampere)" if card.needs_reset else ""
    console.print(f"Dry run; `-mig 1` needs administrator's rights and an idle card{reset}. --apply runs these:")
    _print(console, mig_commands.commands(plan, index))


@mig.command("teardown")
def mig_teardown(index: Index = 0, apply: Apply = False) -> None:
    """Destroy all instances of a card and turn MIG off."""
    from hf_platform.capacity import mig_commands

    console = Console()
    if apply:
        _show(console, mig_commands.tear_down(index), f"MIG is off on card {index} already.")
        return
    console.print("Dry run; --apply runs these:")
    _print(console, mig_commands.teardown_commands(index))


def _show(console: Console, done: list[list[str]], nothing: str) -> None:
    console.print("done:" if done else nothing)
    _print(console, done)


def _print(console: Console, commands: list[list[str]]) -> None:
    for command in commands:
        console.print(shlex.join(command), soft_wrap=True, highlight=False, markup=False)
