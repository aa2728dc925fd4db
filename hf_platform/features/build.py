"""Build the features: dbt under the lake's lock, in slices of instruments, tests after."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hf_platform.errors import ConfigError, StoreError, UnknownNameError
from hf_platform.features import dbt_runner
from hf_platform.lake import Lake
from hf_platform.settings import Settings

__all__ = ["BuildResult", "FeatureBuilder", "TestResult", "code_version", "manifest_path"]

manifest_path = dbt_runner.manifest_path
code_version = dbt_runner.code_version

# A slice keeps the writer lock short: other writers wait for one slice, never for the universe.
SLICE: Final = 100
_INSTRUMENT: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
_RUN_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


@dataclass(frozen=True, slots=True)
class TestResult:
    """What one dbt test found, for the instruments of the build.

    Parameters
    ----------
    node : str
        Model under test.
    name : str
        Name of the test, as in the manifest.
    status : str
        pass, warn, fail, error or skipped.
    failures : int
        Rows that broke the rule; 0 where the test could not run.
    message : str or None
        dbt's words for anything but a pass.
    """

    node: str
    name: str
    status: str
    failures: int
    message: str | None

    @property
    def passed(self) -> bool:
        """Whether the rule holds."""
        return self.status in {"pass", "warn"}


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build left behind.

    Parameters
    ----------
    rows : dict
        Rows by model and instrument, of the instruments asked for; 0 where an instrument has no bars.
    tests : tuple of TestResult
        Results of the dbt tests of the models built.
    snapshot_id : int
        Lake snapshot that holds all of it.
    seconds : float
        Wall time, tests included.
    code_version : str
        Content hash of the dbt project.
    """

    rows: dict[str, dict[str, int]]
    tests: tuple[TestResult, ...]
    snapshot_id: int
    seconds: float
    code_version: str


class FeatureBuilder:
    """Builds models of the dbt project into the lake that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Lake(settings)

    def build(
        self, instruments: Sequence[str], run_id: str, select: Sequence[str] | None = None, *, test: bool = True
    ) -> BuildResult:
        """Rebuild the features of some instruments from `market.bars`, and test them.

        Parameters
        ----------
        instruments : sequence of str
            Whose rows are exchanged; every other instrument's rows stay as they are, but for
            cross-sectional models, which are always rebuilt whole.
        run_id : str
            Recorded in rows and commits.
        select : sequence of str, optional
            Models to build; all by default.
        test : bool
            Run the dbt tests of those models on those instruments.

        Returns
        -------
        BuildResult
            A failed test is a result, not an error: what it means is the caller's business.

        Raises
        ------
        ConfigError
            If an instrument, the run id or a model has a name that cannot be.
        LakeMissingError, LakeBusyError
            If there is no lake, or another writer keeps it too long.
        StoreError
            If a model cannot be built. Slices built before keep their new rows.
        """
        started = time.monotonic()
        names = tuple(sorted(set(instruments)))
        _check_names(names, run_id)
        snapshot = self._store.latest_snapshot()
        nodes = self._nodes(select)
        for part, slice_ in self._steps(nodes, names):
            with self._store.exclusive("features", run_id):
                results = dbt_runner.invoke("run", self._settings, part, {"instruments": slice_, "run_id": run_id})
                self._raise_failures(results)
                snapshot = self._store.latest_snapshot()
        tests = self._test(nodes, names, run_id) if test else ()
        return BuildResult(
            rows=self._count(nodes, names),
            tests=tests,
            snapshot_id=snapshot,
            seconds=time.monotonic() - started,
            code_version=dbt_runner.code_version(),
        )

    def _test(self, nodes: Sequence[str], names: Sequence[str], run_id: str) -> tuple[TestResult, ...]:
        tests = dbt_runner.test_names(self._settings, nodes)
        if not tests or not names:
            return ()
        variables: dict[str, object] = {"instruments": list(names), "run_id": run_id}
        results = dbt_runner.invoke("test", self._settings, tests, variables)
        return tuple(sorted((_test_result(one) for one in results), key=lambda test: (test.node, test.name)))

    def _nodes(self, select: Sequence[str] | None) -> tuple[str, ...]:
        known = dbt_runner.model_names(self._settings)
        for name in select or ():
            if name not in known:
                raise UnknownNameError("feature model", name, known)
        return known if select is None else tuple(sorted(set(select)))

    def _steps(self, nodes: Sequence[str], names: Sequence[str]) -> list[tuple[list[str], list[str]]]:
        # Ranks need the momentum of every slice, and the matrix needs the ranks.
        slices = [list(names[i : i + SLICE]) for i in range(0, len(names), SLICE)]
        if len(slices) <= 1:
            return [(list(nodes), slice_) for slice_ in slices if nodes]
        whole, after = dbt_runner.cross_sectional(self._settings)
        before = [node for node in nodes if node not in whole | after]
        ranks = [node for node in nodes if node in whole]
        last = [node for node in nodes if node in after]
        steps = [(before, slice_) for slice_ in slices] + [(ranks, list(names))] + [(last, slice_) for slice_ in slices]
        return [step for step in steps if step[0]]

    def _raise_failures(self, results: Sequence[Any]) -> None:
        broken = [one for one in results if str(one.status) not in {"success", "pass"}]
        if not broken:
            return
        first = next((one for one in broken if str(one.status) != "skipped"), broken[0])
        reason = " ".join(str(first.message or first.status).split())[:500]
        raise StoreError(
            f"feature model {first.node.name} could not be built: {reason}. "
            f"See {dbt_runner.log_folder(self._settings) / 'dbt.log'}, mend the cause and build again."
        )

    def _count(self, nodes: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, int]]:
        if not nodes or not names:
            return {node: {} for node in nodes}
        # Identifiers come from the manifest; the instruments are parameters.
        arms = [
            f"SELECT '{node}' AS node, instrument, count(*) AS n FROM features.{node} "
            "WHERE instrument IN (SELECT unnest($names)) GROUP BY instrument"
            for node in nodes
        ]
        frame = self._store.query(" UNION ALL ".join(arms), {"names": list(names)})
        rows = {node: dict.fromkeys(names, 0) for node in nodes}
        for node, instrument, n in frame.iter_rows():
            rows[node][instrument] = n
        return rows


def _check_names(names: Sequence[str], run_id: str) -> None:
    for name in names:
        if _INSTRUMENT.fullmatch(name) is None:
            raise ConfigError(
                f"an instrument's name matches {_INSTRUMENT.pattern}, found {name!r}. Take one of `hfp universe list`."
            )
    if _RUN_ID.fullmatch(run_id) is None:
        raise ConfigError(f"a run id matches {_RUN_ID.pattern}, found {run_id!r}. Give the run another id.")


def _test_result(result: Any) -> TestResult:  # noqa: ANN401 - dbt's results share no base with these fields
    attached = getattr(result.node, "attached_node", None) or ""
    status = str(result.status)
    return TestResult(
        node=attached.rsplit(".", 1)[-1],
        name=result.node.name,
        status=status,
        failures=int(result.failures or 0),
        message=None if status == "pass" else str(result.message or status),
    )
