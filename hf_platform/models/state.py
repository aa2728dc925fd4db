"""Fits as files: `params.json` with a schema version beside native files. Never pickle."""

import json
from typing import Final

from hf_platform.errors import StoreError
from hf_platform.models.base import FitTask, Fitted

PARAMS_FILE: Final = "params.json"
_SCHEMA: Final = 1


def to_state(fitted: Fitted) -> dict[str, bytes]:
    """Serialise a fit: parameters as JSON, native files as they are."""
    return {PARAMS_FILE: json.dumps({"schema": _SCHEMA, **fitted.params}).encode(), **fitted.state}


def from_state(task: FitTask, state: dict[str, bytes]) -> Fitted:
    """Rebuild a fit whose forecasts equal those of the original bit for bit.

    Raises
    ------
    StoreError
        If the parameters are absent or of another schema.
    """
    if PARAMS_FILE not in state:
        raise StoreError(f"model {task.model_id}: a state needs {PARAMS_FILE}, found {sorted(state)}. Fit it again.")
    document = json.loads(state[PARAMS_FILE])
    schema = document.pop("schema", None)
    if schema != _SCHEMA:
        raise StoreError(
            f"model {task.model_id}: states of schema {_SCHEMA} can be read, found {schema!r}. Fit it again."
        )
    native = {name: content for name, content in state.items() if name != PARAMS_FILE}
    return Fitted(task=task, params=document, state=native)
