"""Texts for families that read them: news and social posts of the lake as embeddings with their knowledge time."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from hf_platform.lake import Lake
from hf_platform.models.base import Documents
from hf_platform.models.identity import content_hash
from hf_platform.types import FloatArray

if TYPE_CHECKING:
    import polars as pl

_KINDS: Final = ("news", "social")
_WORD: Final = re.compile(r"[a-z0-9']+")


class TextEncoder(Protocol):
    """Turns a text into an embedding of fixed length."""

    def __call__(self, text: str) -> FloatArray:
        """Embed a text, shape (n_dimensions,)."""
        ...


@dataclass(frozen=True, slots=True)
class HashedWords:
    """Signed word hashing: the encoder for texts that came without an embedding.

    It needs no model and no download; a feed whose embeddings come from a language model says more.

    References
    ----------
    Weinberger, K. et al. (2009). Feature Hashing for Large Scale Multitask Learning. ICML.
    """

    n_dimensions: int = 64

    def __call__(self, text: str) -> FloatArray:
        """Embed a text: words fall into places by hash, each with a sign; unit length."""
        found = np.zeros(self.n_dimensions)
        for word in _WORD.findall(text.lower()):
            digest = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
            found[digest % self.n_dimensions] += 1.0 if digest >> 63 else -1.0
        length = float(np.sqrt(np.square(found).sum()))
        return found / length if length else found


def read_documents(
    store: Lake, instruments: Sequence[str], as_of: datetime, encoder: TextEncoder | None = None
) -> dict[str, Documents]:
    """Read what was published about some instruments by `as_of`.

    Embeddings of another length than most have are left out: one net reads one kind. Texts without an
    embedding go through `encoder`.

    Parameters
    ----------
    store : Lake
    instruments : sequence of str
    as_of : datetime
    encoder : TextEncoder, optional
        `HashedWords` of the usual length unless given.

    Returns
    -------
    dict of str to Documents
        By instrument; one without documents is absent.
    """
    import polars as pl

    from hf_platform.market.alternative_data import read_alternative

    frames = [read_alternative(store, instruments, as_of, kind, vintages="all") for kind in _KINDS]
    frame = pl.concat(frames).sort("instrument", "known_at", "event_at", "kind", "name")
    lengths = Counter(frame["embedding"].drop_nulls().list.len().to_list())
    usual = max(lengths, key=lambda length: (lengths[length], length)) if lengths else None
    encode = encoder or (HashedWords() if usual is None else HashedWords(usual))
    return {
        str(name): documents
        for (name,), own in frame.partition_by("instrument", as_dict=True).items()
        if (documents := _documents(own, usual, encode)) is not None
    }


def _documents(frame: "pl.DataFrame", usual: int | None, encode: TextEncoder) -> Documents | None:
    known: list[datetime] = []
    rows: list[FloatArray] = []
    for moment, embedding, text in frame.select("known_at", "embedding", "text").iter_rows():
        if embedding is not None and len(embedding) == usual:
            rows.append(np.array(embedding, dtype=np.float64))
        elif embedding is None and text:
            rows.append(encode(text))
        else:
            continue
        known.append(moment)
    if not rows:
        return None
    return Documents(np.array(known, dtype="datetime64[us]"), np.stack(rows))


def documents_hash(documents: Mapping[str, Documents], anchor: np.datetime64) -> str:
    """Hash what had been published by an anchor."""
    parts: list[str] = []
    for name, own in sorted(documents.items()):
        count = int(np.searchsorted(own.known_at, anchor, side="right"))
        digest = hashlib.blake2b(own.known_at[:count].tobytes(), digest_size=12)
        digest.update(np.ascontiguousarray(own.embeddings[:count]).tobytes())
        parts += [name, digest.hexdigest()]
    return content_hash(*parts)
