"""Retrains what has drifted, and nothing else: one run for all new drifts, each answered once."""

import dagster as dg

from assets.refit import refit
from hf_platform.errors import LakeMissingError
from hf_platform.fitting.retrains import DRIFTED
from hf_platform.models.identity import content_hash
from hf_platform.types import GridKey
from resources.platform import Platform

DRIFT_TAG = "hfp/drift"
_ATTEMPTS = 3


@dg.sensor(
    name="drift_sensor",
    job=refit,
    minimum_interval_seconds=300,
    description="Keys that drift_evidence calls changed: one run gives them a training at their newest bar. Each "
    "drift is answered once, whatever becomes of this sensor's cursor; an attempt that fails is made three times.",
)
def drift_sensor(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[Platform]
) -> dg.RunRequest | dg.SkipReason:
    """Ask for one run over the keys with an unanswered drift.

    What was answered stands in `models.retrains`, written by the run before it fits anything: that table, not
    the cursor, decides what is new.
    """
    try:
        drifted = platform.lake.query(DRIFTED)
    except LakeMissingError:
        return dg.SkipReason("There is no lake yet.")
    if drifted.is_empty():
        return dg.SkipReason("No key has drifted since its newest training.")
    events = content_hash(*sorted(drifted["event_id"].to_list()))
    earlier = context.instance.get_runs(dg.RunsFilter(tags={DRIFT_TAG: events}))
    if any(not run.is_finished for run in context.instance.get_runs(dg.RunsFilter(job_name=refit.name))):
        return dg.SkipReason("A refit is still unfinished; its drifts may be these.")
    if len(earlier) >= _ATTEMPTS:
        return dg.SkipReason(
            f"{drifted.height} drifts stay unanswered after {_ATTEMPTS} runs: see {earlier[0].run_id}."
        )
    keys = [str(GridKey(name, horizon)) for name, horizon, _ in drifted.iter_rows()]
    return dg.RunRequest(
        # A failed run has used its key up: the number of attempts makes a new one.
        run_key=f"{events}-{len(earlier)}",
        run_config={"ops": {"refit_keys": {"config": {"keys": keys, "answer_drifts": True}}}},
        tags={DRIFT_TAG: events},
    )
