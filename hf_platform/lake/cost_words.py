"""What runs took: columns of `ops.stages`, and the view that shares it out among models and VaR numbers."""

from typing import Final

STAGE_WORDS: Final[dict[str, tuple[str, str]]] = {
    "asset": ("VARCHAR", "asset whose stage it was"),
    "seconds": ("DOUBLE", "wall time with the recording of events [s]"),
    "cpu_seconds": ("DOUBLE", "CPU time of the run's process, all threads, and of its ended children [s]"),
    "peak_memory_mb": ("DOUBLE", "largest resident memory of the process until the stage's end [MiB]"),
    "threads": ("INTEGER", "parallel fits that the run was allowed"),
    "n_keys": ("BIGINT", "keys asked for"),
    "n_ok": ("BIGINT", "keys that succeeded"),
    "n_failed": ("BIGINT", "keys that failed"),
    "n_skipped": ("BIGINT", "keys to which the stage does not apply"),
}
COSTS_MEANING: Final = "wall and CPU seconds of each model, VaR number and other stage of a run; they add up to the run"
# A model's share of its stage is its share of the fits' time; VaR numbers of a run are alike; what makes
# neither is one row of its own. A stage that fits models on the way to its numbers is shared out by the time
# that the fits took. Nothing is left out and nothing counted twice.
COSTS: Final = (
    "WITH models AS (SELECT run_id, family AS asset, model_id AS id, instrument, horizon, coalesce(seconds, 0) AS fit, "
    "coalesce(coalesce(seconds, 0) / nullif(sum(coalesce(seconds, 0)) OVER w, 0), 1.0 / count(*) OVER w) AS share "
    "FROM models.ledger WINDOW w AS (PARTITION BY run_id, family)), "
    "numbers AS (SELECT run_id, producer AS asset, var_id AS id, instrument, horizon, 0.0 AS fit, "
    "1.0 / count(*) OVER (PARTITION BY run_id, producer) AS share FROM risk.value_at_risk), "
    "things AS (SELECT *, 'model' AS kind FROM models UNION ALL SELECT *, 'var' AS kind FROM numbers), "
    "mixed AS (SELECT t.run_id, t.asset, least(coalesce(sum(fit) / nullif(any_value(s.seconds), 0), 0), 1) AS fits "
    "FROM things t JOIN ops.stages s ON t.run_id = s.run_id AND t.asset = s.asset "
    "GROUP BY ALL HAVING count(DISTINCT kind) > 1), "
    "shared AS (SELECT s.run_id, s.asset, coalesce(t.kind, 'stage') AS kind, t.id, t.instrument, t.horizon, s.seconds, "
    "s.cpu_seconds, coalesce(t.share, 1) * CASE WHEN m.fits IS NULL THEN 1 "
    "WHEN t.kind = 'model' THEN m.fits ELSE 1 - m.fits END AS share "
    "FROM ops.stages s LEFT JOIN things t ON t.run_id = s.run_id AND t.asset = s.asset "
    "LEFT JOIN mixed m ON m.run_id = s.run_id AND m.asset = s.asset) "
    "SELECT run_id, asset, kind, id, instrument, horizon, seconds * share AS seconds, "
    "cpu_seconds * share AS cpu_seconds FROM shared"
)
