"""Batches planned for the memory there is, and split when the plan was wrong."""

import pytest
import torch

from hf_platform.models.neural.memory import free_bytes, plan, split_until_it_fits


def test_a_plan_takes_what_fits_and_never_less_than_a_row() -> None:
    assert plan(1_000, 64, 1 << 40).rows == 64
    tight = plan(1_000_000, 64, 1 << 30)
    assert 1 <= tight.rows < 64
    assert tight.predicted <= (1 << 30) / 4
    assert plan(1 << 40, 64, 1 << 20).rows == 1
    assert free_bytes(torch.device("cpu")) > 0


def test_a_batch_that_does_not_fit_is_halved() -> None:
    tried = []

    def call(rows: int) -> str:
        tried.append(rows)
        if rows > 5:
            raise torch.OutOfMemoryError("too much")
        return "done"

    assert split_until_it_fits(call, 40) == ("done", 5)
    assert tried == [40, 20, 10, 5]

    def never(rows: int) -> str:
        raise MemoryError("nothing left")

    with pytest.raises(MemoryError, match="one row at a time"):
        split_until_it_fits(never, 4)
