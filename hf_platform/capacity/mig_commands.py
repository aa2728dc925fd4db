"""A MIG plan as `nvidia-smi` commands: printed by default, run only when asked to, safe to run twice.

Turning MIG on needs administrator's rights and an idle card, and on Ampere a reset of it. Instances that
are not part of the plan are never destroyed unless `replace` says so.
"""

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hf_platform.capacity.mig import MigPlan, Placed
from hf_platform.capacity.mig_profiles import MigGpu
from hf_platform.errors import ConfigError, StoreError

PROGRAM: Final = "nvidia-smi"
SECONDS: Final = 120.0
Runner = Callable[[Sequence[str]], str]
_INSTANCE: Final = re.compile(r"\|\s*(\d+)\s+MIG\s+(\S+)\s+(\d+)\s+(\d+)\s+(\d+):(\d+)\s*\|")
_COMPUTE: Final = re.compile(r"\|\s*(\d+)\s+(\d+)\s+MIG\s+\S+")


@dataclass(frozen=True, slots=True)
class Instance:
    """A GPU instance that exists."""

    profile_id: int
    instance_id: int
    start: int


def commands(plan: MigPlan, first_index: int = 0) -> list[list[str]]:
    """Write the commands that make a plan on fresh cards, numbered from `first_index`."""
    made: list[list[str]] = []
    for index, card in enumerate(plan.cards, start=first_index):
        made += [_enable(index), _create(index, card)]
    return made


def teardown_commands(index: int) -> list[list[str]]:
    """Write the commands that undo MIG on one card: compute instances, GPU instances, mode."""
    return [
        [PROGRAM, "mig", "-i", str(index), "-dci"],
        [PROGRAM, "mig", "-i", str(index), "-dgi"],
        [PROGRAM, "-i", str(index), "-mig", "0"],
    ]


def run_command(command: Sequence[str]) -> str:
    """Run one command and return what it printed.

    Raises
    ------
    StoreError
        If the program is missing, fails, or takes longer than two minutes; with what it said.
    """
    shown = " ".join(command)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except FileNotFoundError as error:
        raise StoreError(f"`{shown}` needs {command[0]} on PATH, found none. Run it on the GPU's host.") from error
    except subprocess.TimeoutExpired as error:
        raise StoreError(f"`{shown}` did not end within {SECONDS:g} s. Look at the card with nvidia-smi.") from error
    text = f"{done.stdout}{done.stderr}".strip()
    # Listing a card without instances is an answer, though nvidia-smi calls it an error.
    if done.returncode != 0 and not re.search(r"No (GPU|compute) instances found", text):
        raise StoreError(
            f"`{shown}` failed with {done.returncode}: {text or 'no message'}. Stop what uses the card, mind that MIG "
            "needs administrator's rights, and run the same command again: what is done already is kept."
        )
    return text


def apply(plan: MigPlan, *, first_index: int = 0, replace: bool = False, run: Runner = run_command) -> list[list[str]]:
    """Bring the cards into the planned state; commands that are not needed are not run.

    Parameters
    ----------
    plan : MigPlan
    first_index : int
        Number of the first card, as `nvidia-smi` counts.
    replace : bool
        Destroy instances that the plan does not have.
    run : callable
        Runs one command, returns its output.

    Returns
    -------
    list of list of str
        The commands that changed something, in order.

    Raises
    ------
    ConfigError
        If a card is missing or another model, or carries other instances and `replace` is not set.
    StoreError
        If a command fails, or MIG stays pending.
    """
    changed: list[list[str]] = []
    indices = range(first_index, first_index + len(plan.cards))
    for index in indices:
        _check_card(index, plan.gpu, run)
    # All cards are looked at before the first is touched.
    enabled = {index: _is_enabled(index, run) for index in indices}
    found = {index: _instances(index, run) if enabled[index] else [] for index in indices}
    for index, card in zip(indices, plan.cards, strict=True):
        foreign = _foreign(found[index], card)
        if foreign and not replace:
            raise ConfigError(
                f"card {index} must be free of other instances, found {len(foreign)} that the plan does not have. "
                "Say --replace to destroy what is on the card, or choose another with --index."
            )
    for index, card in zip(indices, plan.cards, strict=True):
        if not enabled[index]:
            _do(_enable(index), changed, run)
            if not _is_enabled(index, run):
                raise StoreError(f"MIG is pending on card {index}. Reset it (nvidia-smi --gpu-reset), then repeat.")
        standing = found[index]
        if _foreign(standing, card):
            for command in teardown_commands(index)[:2]:
                _do(command, changed, run)
            standing = []
        have = {(one.profile_id, one.start) for one in standing}
        missing = [placed for placed in card if (placed.profile.profile_id, placed.start) not in have]
        if missing:
            _do(_create(index, missing), changed, run)
        for instance in _without_compute(index, standing, run):
            _do([PROGRAM, "mig", "-i", str(index), "-gi", str(instance.instance_id), "-cci"], changed, run)
    return changed


def tear_down(index: int, *, run: Runner = run_command) -> list[list[str]]:
    """Destroy all instances of a card and turn MIG off; nothing where it is off already.

    Returns
    -------
    list of list of str
        The commands that were run.

    Raises
    ------
    StoreError
        If a command fails: something still uses the card.
    """
    changed: list[list[str]] = []
    if not _is_enabled(index, run):
        return changed
    has_instances = bool(_instances(index, run))
    for command in teardown_commands(index)[0 if has_instances else 2 :]:
        _do(command, changed, run)
    return changed


def _do(command: list[str], changed: list[list[str]], run: Runner) -> None:
    run(command)
    changed.append(command)


def _enable(index: int) -> list[str]:
    return [PROGRAM, "-i", str(index), "-mig", "1"]


def _create(index: int, card: Sequence[Placed]) -> list[str]:
    tuples = ",".join(f"{placed.profile.profile_id}:{placed.start}" for placed in card)
    return [PROGRAM, "mig", "-i", str(index), "-cgi", tuples, "-C"]


def _check_card(index: int, gpu: MigGpu, run: Runner) -> None:
    query = [PROGRAM, "-i", str(index), "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    found = run(query).strip()
    name, _, mebibytes = found.rpartition(", ")
    # H100 NVL and H100 80GB share a name and differ in memory, and so in the names of their slices.
    fits = mebibytes.isdigit() and abs(int(mebibytes) / 1024 / gpu.gb - 1) <= 0.05
    if gpu.mark not in name or not fits:
        raise ConfigError(
            f"card {index} must be a {gpu.name} of {gpu.gb:g} GB, found {found or 'none'!r}. Plan for it with --gpu."
        )


def _is_enabled(index: int, run: Runner) -> bool:
    query = [PROGRAM, "-i", str(index), "--query-gpu=mig.mode.current", "--format=csv,noheader"]
    return run(query).strip() == "Enabled"


def _instances(index: int, run: Runner) -> list[Instance]:
    text = run([PROGRAM, "mig", "-i", str(index), "-lgi"])
    rows = [match for match in _INSTANCE.finditer(text) if int(match[1]) == index]
    return [Instance(int(row[3]), int(row[4]), int(row[5])) for row in rows]


def _foreign(found: Sequence[Instance], card: Sequence[Placed]) -> list[Instance]:
    planned = {(placed.profile.profile_id, placed.start) for placed in card}
    return [instance for instance in found if (instance.profile_id, instance.start) not in planned]


def _without_compute(index: int, found: Sequence[Instance], run: Runner) -> list[Instance]:
    """Find instances that an interrupted run left without a compute instance."""
    if not found:
        return []
    text = run([PROGRAM, "mig", "-i", str(index), "-lci"])
    served = {int(match[2]) for match in _COMPUTE.finditer(text) if int(match[1]) == index}
    return [instance for instance in found if instance.instance_id not in served]
