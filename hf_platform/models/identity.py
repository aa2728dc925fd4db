"""Content hashes: the same data, specification, code and seed always bear the same name."""

import hashlib
import json
from collections.abc import Mapping

import numpy as np

from hf_platform.models.base import Series

_DIGEST_BYTES = 12  # 96 bits: among 1e9 models the chance of one collision is below 1e-10


def content_hash(*parts: str) -> str:
    """Hash texts, in order, to 24 hexadecimal digits; no two lists of parts run into each other."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "little"))
        digest.update(raw)
    return digest.hexdigest()


def spec_hash(spec: Mapping[str, object]) -> str:
    """Hash a specification, whatever the order of its keys."""
    return content_hash(json.dumps(spec, sort_keys=True))


def window_hash(series: Series, start: int, stop: int) -> str:
    """Hash what a fit may read: names, times, returns and features of bars ``start`` to ``stop`` (excluded).

    Knowledge times stay outside: a value that was restated and then restated back is the same data.
    """
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    digest.update("|".join((series.instrument, series.frequency, *series.feature_names)).encode())
    for array in (series.event_at, series.log_return, series.features):
        digest.update(np.ascontiguousarray(array[start:stop]).tobytes())
    return digest.hexdigest()


def derive_seed(root: int, *parts: str) -> int:
    """Derive a seed in [0, 2**31) from the root seed and names, free of the order of work."""
    return int(content_hash(str(root), *parts)[:8], 16) & 0x7FFF_FFFF
