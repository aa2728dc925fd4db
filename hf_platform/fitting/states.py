"""Native model files under `Settings.model_states`: written whole or not at all, read by name."""

import os
from pathlib import Path

from hf_platform.models.state import PARAMS_FILE
from hf_platform.settings import Settings


def save_state(settings: Settings, family: str, model_id: str, state: dict[str, bytes]) -> str | None:
    """Write the files of a fit that has any besides its parameters.

    Returns
    -------
    str or None
        Folder below `Settings.model_states`, for `models.ledger.state_uri`; None without native files.
    """
    if set(state) <= {PARAMS_FILE}:
        return None
    uri = f"{family}/{model_id}"
    folder = settings.model_states / uri
    if (folder / PARAMS_FILE).is_file():
        return uri  # named by content: what is whole is never written again
    folder.mkdir(parents=True, exist_ok=True)
    # The parameters last: a folder that has them is whole.
    for name in sorted(state, key=lambda name: name == PARAMS_FILE):
        _write_whole(folder / name, state[name])
    return uri


def load_net(settings: Settings, family: str, net_id: str) -> dict[str, bytes] | None:
    """Read the files of a panel's net, parameters included; None unless they are complete."""
    folder = settings.model_states / family / net_id
    if not (folder / PARAMS_FILE).is_file():
        return None
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".tmp"}


def load_state(settings: Settings, params_json: str, state_uri: str | None) -> dict[str, bytes] | None:
    """Read a fit back; None when its native files are gone, so that the caller fits it again."""
    state = {PARAMS_FILE: params_json.encode()}
    if state_uri is None:
        return state
    folder = settings.model_states / state_uri
    if not folder.is_dir():
        return None
    native = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".tmp"}
    return native | state


def _write_whole(path: Path, content: bytes) -> None:
    # Renaming is atomic: a killed run leaves the old file or the new one, never half of it.
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    partial.write_bytes(content)
    partial.replace(path)
