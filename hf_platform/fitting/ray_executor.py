"""Fits in worker processes of Ray: one head per run, started or joined when the first batch needs it."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from hf_platform.fitting.chunking import models_per_chunk
from hf_platform.fitting.executors import Batch, InlineExecutor, Request, Seconds
from hf_platform.fitting.parcels import Shelf
from hf_platform.fitting.placement import share_of_gpu
from hf_platform.fitting.ray_pool import RayPool, Terms, has_cards
from hf_platform.fitting.supervision import supervise

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class RayExecutor:
    """Batches as tasks of Ray; a process that dies costs the model that killed it, and no other.

    Parameters
    ----------
    connect : callable
        Starts or joins the cluster at the first call; later ones do nothing.
    folder : Path
        Where files for the workers go; they must see it under the same path.
    usual : {"inline", "ray"}
        Where a family runs for which nothing else is asked.
    inline : InlineExecutor
        For families that are kept in this process.
    workers : int
        Processes to expect at work; decides the size of chunks only.
    card_gb : float
        Memory of one GPU as the cluster counts them [GB].
    patience : float
        Seconds until a machine must be there that has what a family asks for.
    is_fixed : bool
        Whether the cluster cannot grow.
    """

    connect: Callable[[], None]
    folder: Path
    usual: Literal["inline", "ray"] = "ray"
    inline: InlineExecutor = field(default_factory=InlineExecutor)
    workers: int = 2
    card_gb: float = 24.0
    patience: float = 600.0
    is_fixed: bool = False

    def chunk_limit(self, n_models: int, seconds: Seconds) -> int:
        """Size chunks by what the ledger measured."""
        return models_per_chunk(n_models, seconds(), self.workers)

    def run(self, batches: Sequence[Batch[R]], request: Request) -> list[R]:
        """Run batches in workers; results of all their models in order.

        Raises
        ------
        ExecutorError
            If the cluster cannot be reached, has no machine for the request, runs other code, or keeps
            losing machines. Nothing is committed by then that is not whole.
        """
        if not batches or (request.where or self.usual) == "inline":
            return self.inline.run(batches, request)
        self.connect()
        gpus = share_of_gpu(request, self.card_gb) if request.gpus > 0.0 or has_cards() else 0.0
        terms = Terms(request=request, gpus=gpus, patience=self.patience, is_fixed=self.is_fixed)
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="exchange-", dir=self.folder) as place:
            pool = RayPool(terms, Shelf(Path(place)))
            pool.check(batches[0].pack(pool.shelf))
            return supervise(pool, batches, request.name)
