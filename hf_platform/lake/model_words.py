"""Columns of the tables about searches and about forecasts taken apart."""

from typing import Final

DRIFT_WORDS: Final[dict[str, tuple[str, str]]] = {
    "evidence": ("VARCHAR", "breaches, location, dispersion, loss, features, or combined: their average"),
    "e_value": ("DOUBLE", "evidence at the end of the window; at most one is expected while nothing has changed"),
    "e_value_peak": ("DOUBLE", "the most it ever was in the window"),
    "alarm_at": ("TIMESTAMP", "when the combined evidence first was enough, UTC; null where it never was"),
    "event_id": ("VARCHAR", "content hash of key, training and alarm: one drift"),
}

RETRAIN_WORDS: Final[dict[str, tuple[str, str]]] = {
    "event_id": ("VARCHAR", "drift that was answered: backtests.drift"),
    "retrained_at": ("TIMESTAMP", "newest bar that was known then: an extra training anchor from there on, UTC"),
}

TUNING_WORDS: Final[dict[str, tuple[str, str]]] = {
    "tuning_id": ("VARCHAR", "content hash of model, trials asked for, seed and code"),
    "searched_until": ("TIMESTAMP", "last bar that the search read, UTC; models anchored earlier ignore it"),
    "params_json": ("VARCHAR", "best parameters, JSON; {} where the family's own are best"),
    "score": (
        "DOUBLE",
        "mean out-of-sample loss of the best over purged blocks: QLIKE, or CRPS (nets: per volatility)",
    ),
    "default_score": ("DOUBLE", "the same of the family's own parameters"),
    "is_champion": ("BOOLEAN", "the best beats the family's own: the next fit uses it"),
    "sampler": ("VARCHAR", "tpe, tpe with asha, or enumeration of a space of choices"),
    "n_trials": ("BIGINT", "points tried"),
    "trials_json": ("VARCHAR", "all trials with their scores, JSON"),
}
DECOMPOSITION_WORDS: Final[dict[str, tuple[str, str]]] = {
    "step": ("BIGINT", "bars after the origin; 0 and below lie in the window that the net saw"),
    "component": ("VARCHAR", "log_price and what explains it up to the origin; forecast and its summands after it"),
    "value": ("DOUBLE", "log price minus that at the origin [decimal]; the median where it is a forecast"),
}
