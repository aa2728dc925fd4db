"""Compute a stored number again from the snapshot that it was made on, and compare the bits.

Nothing is computed in a special way: the stage that made the number runs again, on the lake as it was, with
its writes kept in memory. So a replay covers all that a stage does: planning, screening, fitting, weighing.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hf_platform.ensembles import volatility_ensemble
from hf_platform.errors import DataError, StoreError, UnknownNameError
from hf_platform.fitting.chunk import Chunk
from hf_platform.fitting.executors import Batch, InlineExecutor, Request, Seconds
from hf_platform.fitting.fit_grid import fit_grid
from hf_platform.lineage.bits import Difference, by_key, differences
from hf_platform.lineage.code import changed_modules, version_of
from hf_platform.lineage.commits import commit_of
from hf_platform.lineage.explain import Row, ensemble_behind, find_number
from hf_platform.lineage.pinned import PinnedLake
from hf_platform.models.registry import FAMILIES, get_family
from hf_platform.risk import value_at_risk
from hf_platform.settings import Settings
from hf_platform.types import GridKey

if TYPE_CHECKING:
    import polars as pl

    from hf_platform.lake import Lake

_LEDGER: Final = """
SELECT * FROM models.ledger WHERE model_id = $model_id
QUALIFY row_number() OVER (ORDER BY status <> 'ok', created_at) = 1
"""
_FORECASTS: Final = """
SELECT * FROM models.forecasts
WHERE model_id = $model_id AND instrument = $instrument AND horizon = $horizon ORDER BY forecast_origin
"""
_CUTOFF: Final = """
SELECT max(as_of) AS as_of FROM models.ledger
WHERE run_id = $run_id AND instrument = $instrument AND horizon = $horizon
"""
_FIT: Final = (
    "params_json", "log_likelihood", "aic", "bic", "score", "gradient_norm", "at_boundary", "n_obs", "n_optima",
    "input_hash", "spec_hash", "seed", "train_start", "train_end",
)  # fmt: skip
_FORECAST: Final = ("target_at", "known_at", "mean", "volatility", "quantiles", "tail_means")
_ENSEMBLE: Final = (
    *_FORECAST, "member_model_ids", "combination", "agreement", "interval_lower", "interval_upper",
    "interval_miscoverage", "combination_means", "combination_volatilities",
)  # fmt: skip
_NUMBER: Final = ("target_at", "known_at", "value_at_risk", "expected_shortfall", "member_model_ids")


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a replay: what was computed again, on which snapshot, and what came out otherwise."""

    what: str
    snapshot: int
    n_values: int
    differences: list[Difference] = field(default_factory=list[Difference])


@dataclass(frozen=True, slots=True)
class Replay:
    """A stored number or model, computed again link by link.

    Parameters
    ----------
    name : str
        var_id or model_id.
    links : list of Link
        From the number back to the models.
    """

    name: str
    links: list[Link]

    @property
    def is_identical(self) -> bool:
        """Whether every value of every link has the bits that are stored."""
        return not any(link.differences for link in self.links)


@dataclass(frozen=True, slots=True)
class _Only:
    """An executor that fits the named models and leaves the rest of a plan alone."""

    models: frozenset[str]

    def chunk_limit(self, n_models: int, seconds: Seconds) -> int:
        return InlineExecutor(1).chunk_limit(n_models, seconds)

    def run(self, batches: Sequence[Batch[Any]], request: Request) -> list[Any]:
        chosen = [
            Chunk(batch.family, [work for work in batch.works if work.planned.task.model_id in self.models])
            for batch in batches
            if isinstance(batch, Chunk)
        ]
        return InlineExecutor(1).run([chunk for chunk in chosen if chunk.works], request)


class _Scratch(Settings):
    """Settings of a real home whose model files go to, and come from, another folder."""

    states: Path = Path()

    @property
    def model_states(self) -> Path:
        """Where a replay keeps what it trains: trained nets of the home are not looked at."""
        return self.states


class Replayer:
    """Replays numbers of one lake; stages that several numbers share run once.

    Parameters
    ----------
    store : Lake
    """

    def __init__(self, store: "Lake") -> None:
        self._store = store
        self._done: dict[tuple[str, int, GridKey, datetime], PinnedLake] = {}

    def replay(self, name: str, *, deep: bool = False) -> Replay:
        """Replay a VaR number down to its members' forecasts, or a model with its forecasts.

        Parameters
        ----------
        name : str
            var_id or model_id.
        deep : bool
            Also fit the models behind a number again.

        Raises
        ------
        UnknownNameError
            If the lake has neither a number nor a model of that name.
        StoreError
            If a snapshot has expired, or the code is another than then; the text names the modules.
        """
        number = find_number(self._store, name)
        if number is None:
            return Replay(name, self._model(name, None))
        links = [self._number(number)]
        forecast = ensemble_behind(self._store, number)
        if forecast is not None:
            links.append(self._ensemble(forecast))
        if deep:
            origin = number["forecast_origin"]
            links += [link for model in number["member_model_ids"] for link in self._model(model, origin)]
        return Replay(name, links)

    def _number(self, number: Row) -> Link:
        if number["producer"] != value_at_risk.STAGE:
            raise DataError(
                f"numbers of {value_at_risk.STAGE} can be replayed, found one of {number['producer']}. "
                "See its bars and fits with hfp explain."
            )
        lake = self._before("value_at_risk", number)
        found = by_key(lake.rows("risk.value_at_risk").to_dicts(), "var_id").get(number["var_id"])
        if found is None:
            raise self._not_made("value_at_risk", number, "VaR number", number["var_id"])
        what = f"VaR {number['var_id']} from stored forecasts"
        return Link(what, lake.snapshot, len(_NUMBER), differences(number, found, _NUMBER))

    def _ensemble(self, forecast: Row) -> Link:
        lake = self._before(volatility_ensemble.NAME, forecast)
        rows = lake.rows("ensembles.forecasts").to_dicts()
        found = by_key(rows, "forecast_id").get(forecast["forecast_id"])
        if found is None:
            raise self._not_made(volatility_ensemble.NAME, forecast, "ensemble forecast", forecast["forecast_id"])
        full = self._store.query(
            "SELECT * FROM ensembles.forecasts WHERE forecast_id = $forecast_id AND instrument = $instrument",
            {name: forecast[name] for name in ("forecast_id", "instrument")},
        ).to_dicts()[0]
        what = f"ensemble forecast {forecast['forecast_id']} from stored members"
        return Link(what, lake.snapshot, len(_ENSEMBLE), differences(full, found, _ENSEMBLE))

    def _before(self, stage: str, row: Row) -> PinnedLake:
        """Run a stage for the key of a row, on the lake as it was before the commit that holds the row."""
        commit = commit_of(self._store, row["producer"], row["run_id"], row["created_at"])
        if commit is None:
            raise StoreError(
                f"the snapshot of run {row['run_id']} has expired, so its {stage} cannot run again. "
                "Snapshots stay for HFP_SNAPSHOT_DAYS."
            )
        key = GridKey(row["instrument"], row["horizon"])
        as_of = self._cutoff(row)
        done = self._done.get((stage, commit, key, as_of))
        if done is None:
            done = PinnedLake(self._store.settings, commit - 1)
            run = value_at_risk.estimate if stage == "value_at_risk" else volatility_ensemble.combine
            try:
                run(done, [key], as_of=as_of, run_id="replay")
            finally:
                done.close()
            self._done[stage, commit, key, as_of] = done
        return done

    def _cutoff(self, row: Row) -> datetime:
        """Find what the run could know: its own cutoff where it fitted something, else the newest of its rows."""
        params = {name: row[name] for name in ("run_id", "instrument", "horizon")}
        fitted = self._store.query(_CUTOFF, params)["as_of"][0]
        table = "risk.value_at_risk" if "var_id" in row else "ensembles.forecasts"
        newest: datetime = self._store.query(
            f"SELECT max(known_at) AS t FROM {table} "
            "WHERE run_id = $run_id AND instrument = $instrument AND horizon = $horizon",
            params,
        )["t"][0]
        return newest if fitted is None else max(fitted, newest)

    def _not_made(self, asset: str, row: Row, kind: str, name: str) -> StoreError:
        changed = changed_modules(self._store, asset, until=row["created_at"])
        why = _code_words(asset, changed) if changed else "The code is the same: did HFP_FAMILIES or HFP_SEED change?"
        return StoreError(f"{kind} {name} does not come out again: {asset} gives its forecasts other names now. {why}")

    def _model(self, model_id: str, origin: datetime | None) -> list[Link]:
        """Fit a model again; forecasts too, those of its own run and those that hold `origin` (or the newest)."""
        ledger = self._store.query(_LEDGER, {"model_id": model_id}).to_dicts()
        if not ledger:
            raise UnknownNameError("VaR number or model", model_id, ("ids as in hfp explain, models.ledger",))
        row = ledger[0]
        self._check(row)
        forecasts = self._store.query(_FORECASTS, {name: row[name] for name in ("model_id", "instrument", "horizon")})
        with tempfile.TemporaryDirectory(prefix="hfp-replay-") as folder:
            values = {name: getattr(self._store.settings, name) for name in Settings.model_fields}
            scratch = _Scratch.model_construct(**values, states=Path(folder))
            lake = PinnedLake(scratch, row["lake_snapshot"])
            self._fit(lake, row, row["as_of"], scratch)
        links = [_compare_fit(row, lake, forecasts)]
        made = row["created_at"]
        later = forecasts.filter(forecasts["created_at"] > made)
        if origin is not None:
            later = later.filter(later["forecast_origin"] == origin)
        if not later.is_empty():
            links += self._extension(row, later["created_at"].max(), forecasts)
        return links

    def _extension(self, row: Row, batch: object, forecasts: "pl.DataFrame") -> list[Link]:
        """Forecast again what a later night asked of a fit."""
        own = forecasts.filter(forecasts["created_at"] == batch)
        commit = commit_of(self._store, row["family"], own["run_id"][0], own["created_at"][0])
        if commit is None:
            return []
        lake = PinnedLake(self._store.settings, commit - 1)
        self._fit(lake, row, own["known_at"].max(), self._store.settings)
        what = f"{own.height} later forecasts of {row['family']}/{row['variant']} {row['model_id']}"
        return [Link(what, lake.snapshot, own.height * len(_FORECAST), _compare_forecasts(lake, row, own))]

    def _fit(self, lake: PinnedLake, row: Row, as_of: Any, settings: Settings) -> None:  # noqa: ANN401 - from a frame
        key = GridKey(row["instrument"], row["horizon"])
        try:
            fit_grid(
                get_family(row["family"]), [key], lake, as_of=as_of, run_id="replay",
                executor=_Only(frozenset({row["model_id"]})), settings=settings, retry_failed=True,
            )  # fmt: skip
        finally:
            lake.close()

    def _check(self, row: Row) -> None:
        if row["family"] not in {family.name for family in FAMILIES}:
            raise DataError(
                f"models of the registry can be replayed, found one of {row['family']}. Run `hfp materialize "
                f"{row['family']}` to have it made again."
            )
        if row["status"] != "ok":
            raise DataError(
                f"model {row['model_id']} ended as {row['status']}: {row['reason']}. Nothing of it is stored."
            )
        if version_of(row["family"]) != row["code_version"]:
            changed = changed_modules(self._store, row["family"], version=row["code_version"])
            raise StoreError(f"model {row['model_id']} was made by other code: {_code_words(row['family'], changed)}")


def _code_words(asset: str, changed: tuple[str, ...] | None) -> str:
    if changed is None:
        return (
            f"the modules of {asset} at that time were not recorded. Check the commit of that day out and replay there."
        )
    return f"changed since then: {', '.join(changed)}. Check the code of that day out and replay there."


def _compare_fit(row: Row, lake: PinnedLake, forecasts: "pl.DataFrame") -> Link:
    found = [each for each in lake.rows("models.ledger").to_dicts() if each["model_id"] == row["model_id"]]
    fits = [each for each in found if each["status"] == "ok"]
    what = f"{row['family']}/{row['variant']} {row['model_id']}, fitted again"
    if not fits:
        why = found[0]["reason"] if found else "it is no part of the plan any more: did HFP_SEED or HFP_DEVICE change?"
        return Link(what, lake.snapshot, 1, [Difference("status", "ok", why)])
    own = forecasts.filter(forecasts["created_at"] == row["created_at"])
    differing = differences(row, fits[0], _FIT) + _compare_forecasts(lake, row, own)
    what += f", with {own.height} forecasts"
    return Link(what, lake.snapshot, len(_FIT) + own.height * len(_FORECAST), differing)


def _compare_forecasts(lake: PinnedLake, row: Row, stored: "pl.DataFrame") -> list[Difference]:
    made = lake.rows("models.forecasts")
    found = by_key(made.filter(made["model_id"] == row["model_id"]).to_dicts(), "forecast_origin")
    differing: list[Difference] = []
    for each in stored.to_dicts():
        again = found.get(each["forecast_origin"])
        if again is None:
            differing.append(Difference(f"forecast at {each['forecast_origin']}", "there", "missing"))
        else:
            differing += differences(each, again, _FORECAST, each["forecast_origin"])
    return differing
