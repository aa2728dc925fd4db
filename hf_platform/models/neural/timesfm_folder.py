"""TimesFM weights in a local folder: checked before use, named by a fingerprint, and never downloaded.

A folder of random weights (`make_random_folder`) exercises the whole path without the real weights. It
says what it is in its own configuration, and everything made from it repeats that.
"""

# torch annotates only half of its functions.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from hf_platform.errors import ConfigError
from hf_platform.models.identity import content_hash

RANDOM_LABEL: Final = "random weights, not TimesFM"
_RANDOM_KEY: Final = "hfp_random_weights"
_CLASSES: Final = {"timesfm": "TimesFmModelForPrediction", "timesfm2_5": "TimesFm2_5ModelForPrediction"}
_WEIGHTS: Final = ("model.safetensors", "model.safetensors.index.json")
_SAMPLE: Final = 1 << 20  # bytes hashed at either end of a weights file: a whole one takes seconds
_QUANTILES: Final = tuple(k / 10 for k in range(1, 10))


@dataclass(frozen=True, slots=True)
class Weights:
    """What a folder holds.

    Parameters
    ----------
    folder : Path
    model_type : str
        ``timesfm`` (2.0) or ``timesfm2_5``.
    is_random : bool
    context, horizon : int
        Bars that the model reads at most, and bars that it forecasts.
    fingerprint : str
        Hash of configuration, sizes and both ends of each weights file.
    """

    folder: Path
    model_type: str
    is_random: bool
    context: int
    horizon: int
    fingerprint: str

    @property
    def label(self) -> str:
        """Name the model as everything made from it does."""
        version = "2.5" if self.model_type == "timesfm2_5" else "2.0"
        return RANDOM_LABEL if self.is_random else f"TimesFM {version}"


def inspect(folder: Path | None) -> Weights:
    """Look at a folder without loading weights.

    Raises
    ------
    ConfigError
        If no folder is set, it is not a transformers folder of TimesFM 2.0 or 2.5, or it holds no
        safetensors weights.
    """
    if folder is None:
        raise ConfigError(
            "timesfm needs HFP_TIMESFM_FOLDER, found it unset. Point it to a folder with config.json and "
            "model.safetensors of TimesFM 2.0 or 2.5 in the transformers format."
        )
    config_file = folder / "config.json"
    try:
        config = json.loads(config_file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"HFP_TIMESFM_FOLDER must hold a readable config.json, found {config_file}: {error}. "
            "Copy the whole model folder again."
        ) from error
    model_type = config.get("model_type") if isinstance(config, dict) else None
    if model_type not in _CLASSES:
        raise ConfigError(
            f"HFP_TIMESFM_FOLDER must hold a model of type {' or '.join(_CLASSES)}, found {model_type!r} in {folder}. "
            "Take a checkpoint of TimesFM in the transformers format."
        )
    if tuple(config.get("quantiles", _QUANTILES)) != _QUANTILES:
        raise ConfigError(f"TimesFM forecasts quantiles 0.1 to 0.9, found {config['quantiles']} in {config_file}.")
    if not any((folder / name).is_file() for name in _WEIGHTS):
        found = sorted(path.name for path in folder.iterdir())
        raise ConfigError(
            f"HFP_TIMESFM_FOLDER must hold {_WEIGHTS[0]}, found {', '.join(found)} in {folder}. "
            "Pickled weights (.bin, .pt) are not read: convert them to safetensors."
        )
    return Weights(
        folder=folder,
        model_type=model_type,
        is_random=bool(config.get(_RANDOM_KEY, False)),
        context=int(config.get("context_length", 512)),
        horizon=int(config.get("horizon_length", 128)),
        fingerprint=_fingerprint(folder),
    )


def _fingerprint(folder: Path) -> str:
    parts = [(folder / "config.json").read_text(encoding="utf-8")]
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_SAMPLE)
            file.seek(max(0, size - _SAMPLE), os.SEEK_SET)
            parts += [path.name, str(size), head.hex(), file.read(_SAMPLE).hex()]
    return content_hash(*parts)


@lru_cache(maxsize=1)
def load(weights: Weights, device: str) -> Any:  # noqa: ANN401  # transformers' classes are imported late
    """Load the model in double precision; kept for the next call.

    Raises
    ------
    ConfigError
        If the weights are corrupt, or do not fill the model.
    """
    import transformers
    from safetensors import SafetensorError

    try:
        with _quiet():
            model, report = getattr(transformers, _CLASSES[weights.model_type]).from_pretrained(
                weights.folder, local_files_only=True, use_safetensors=True, output_loading_info=True
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ConfigError(
            f"HFP_TIMESFM_FOLDER must hold whole weights, found {weights.folder} unreadable: "
            f"{type(error).__name__}: {error}. Copy the files again and compare their sizes."
        ) from error
    absent = sorted({*map(str, report["missing_keys"]), *map(str, report["mismatched_keys"])})
    if absent:
        raise ConfigError(
            f"HFP_TIMESFM_FOLDER must fill every weight of the model, found {len(absent)} missing in "
            f"{weights.folder}, the first {absent[0]}. Copy the files again."
        )
    return model.double().to(device).eval()


@contextmanager
def _quiet() -> Generator[None]:
    """Keep transformers from drawing progress bars and from warning of what is checked here."""
    from transformers.utils import logging

    before, had_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if had_bars:
            logging.enable_progress_bar()


def make_random_folder(folder: Path, *, version: str = "2.5", seed: int = 0) -> Path:
    """Write a tiny model with random weights in the format of the real one, labelled as what it is.

    Parameters
    ----------
    folder : Path
        Made if absent.
    version : {"2.0", "2.5"}
    seed : int

    Returns
    -------
    Path
        The folder, for `HFP_TIMESFM_FOLDER`.
    """
    import transformers

    from hf_platform.models.neural.runtime import seeded

    common: dict[str, Any] = {
        "patch_length": 32, "context_length": 512, "horizon_length": 128, "num_hidden_layers": 1, "hidden_size": 32,
        "intermediate_size": 32, "head_dim": 16, "num_attention_heads": 2, "initializer_range": 0.05,
    }  # fmt: skip
    with seeded(seed):
        if version == "2.0":
            config = transformers.TimesFmConfig(**common)
            model = transformers.TimesFmModelForPrediction(config)
        else:
            config = transformers.TimesFm2_5Config(**common, num_key_value_heads=2, output_quantile_len=128)
            model = transformers.TimesFm2_5ModelForPrediction(config)
    setattr(model.config, _RANDOM_KEY, True)
    folder.mkdir(parents=True, exist_ok=True)
    with _quiet():
        model.save_pretrained(folder, safe_serialization=True)
    (folder / "README.md").write_text(f"# {RANDOM_LABEL}\n\nFor tests and the demo: its forecasts mean nothing.\n")
    return folder
