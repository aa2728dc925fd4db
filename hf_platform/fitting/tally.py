"""Count what happened to each key, and say in the end how it went."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from hf_platform.fitting.frames import ModelResult
from hf_platform.fitting.outcome import KeyOutcome, KeyStatus
from hf_platform.fitting.plan import PlannedModel
from hf_platform.models.base import Series, Status
from hf_platform.models.identity import content_hash


@dataclass(slots=True)
class KeyTally:
    """Running counts of one key; `outcome` closes them."""

    newest: datetime
    data_version: str
    n_ok: int = 0
    n_failed: int = 0
    n_reused: int = 0
    n_rows: int = 0
    last_origin: datetime | None = None
    missing: set[str] = field(default_factory=set[str])
    reasons: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    notes: set[str] = field(default_factory=set[str])
    not_applicable: str | None = None

    def reached(self, origin: datetime) -> None:
        """Note a stored forecast origin."""
        self.last_origin = origin if self.last_origin is None else max(self.last_origin, origin)

    def failed(self, planned: PlannedModel, status: str, reason: str | None) -> None:
        """Note a model without a forecast; the reason counts if it is one of the newest anchor."""
        self.n_failed += 1
        if planned.is_newest:
            self.missing.add(planned.task.variant)
            self.reasons.setdefault(f"{status}: {reason}" if reason else status, []).append(planned.task.variant)

    def skipped(self, planned: PlannedModel, reason: str | None) -> None:
        """Note a model of a family that does not apply to the key's data."""
        if planned.is_newest:
            self.missing.add(planned.task.variant)
            self.not_applicable = reason or "the family does not apply"

    def note(self, planned: PlannedModel, text: str | None) -> None:
        """Keep what a good model of the newest anchor wants said: a stack without a member, weights that are random."""
        if text and planned.is_newest:
            self.notes.add(text)

    def add(self, result: ModelResult) -> None:
        """Count a model that this run worked on."""
        planned, fitted = result.planned, result.fitted
        self.n_rows += int(result.origins.size)
        if result.origins.size:
            self.reached(bar_time(planned.task.series, int(result.origins[-1])))
        if result.failure is not None and result.failure.status is Status.SKIPPED:
            self.skipped(planned, result.failure.reason)
        elif result.failure is not None:
            self.failed(planned, result.failure.status, result.failure.reason)
        elif fitted is not None and fitted.status is not Status.OK:
            self.failed(planned, fitted.status, fitted.reason)
        elif result.is_new:
            self.n_ok += 1
            self.note(planned, None if fitted is None else fitted.reason)
        else:
            self.n_reused += 1

    def outcome(self) -> KeyOutcome:
        """Close the key: it failed if no variant has a forecast at the newest bar."""
        is_ok = self.last_origin is not None and self.last_origin >= self.newest
        if not is_ok and not self.reasons and self.not_applicable is not None:
            return KeyOutcome(KeyStatus.SKIPPED, self.not_applicable, data_version=self.data_version)
        reasons = "; ".join(f"{', '.join(variants)}: {reason}" for reason, variants in self.reasons.items())
        return KeyOutcome(
            status=KeyStatus.OK if is_ok else KeyStatus.FAILED,
            reason=("; ".join(sorted(self.notes)) or None)
            if is_ok
            else (reasons or f"no forecast at the newest bar, {self.newest:%Y-%m-%d %H:%M:%S}"),
            n_ok=self.n_ok,
            n_failed=self.n_failed,
            n_reused=self.n_reused,
            n_rows=self.n_rows,
            data_version=self.data_version,
            last_origin=self.last_origin,
            missing=tuple(sorted(self.missing)),
        )


def bar_time(series: Series, index: int) -> datetime:
    """Give the close of one bar, naive UTC."""
    moment: datetime = series.event_at[index : index + 1].astype("datetime64[us]").tolist()[0]
    return moment


def data_version(models: Iterable[PlannedModel]) -> str:
    """Hash the training data and the newest bar of a key."""
    planned = list(models)
    newest = planned[-1]
    inputs = sorted({model.input_hash for model in planned})
    return content_hash(*inputs, str(newest.task.series.event_at[newest.origins[-1]]))
