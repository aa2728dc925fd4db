"""Who is to blame when a process dies, told by a pool that needs no processes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from hf_platform.errors import ExecutorError
from hf_platform.fitting.executors import Batch, Trouble
from hf_platform.fitting.parcels import Shelf
from hf_platform.fitting.supervision import MOST_DEATHS, NODE_RETRIES, Died, Done, supervise


@dataclass(frozen=True)
class Letters:
    """A batch of letters; capitals are what they become."""

    letters: str
    whole: bool = False

    def __len__(self) -> int:
        return len(self.letters)

    def run(self) -> list[str]:
        return list(self.letters.upper())

    def pack(self, shelf: Shelf) -> Any:
        raise AssertionError("this pool sends nothing")

    def restore(self, results: Sequence[str]) -> list[str]:
        return [result.upper() for result in results]

    def divide(self, *, fully: bool) -> "list[Letters]":
        if self.whole or len(self) < 2:
            return [self]
        size = 1 if fully else (len(self) + 1) // 2
        return [Letters(self.letters[at : at + size]) for at in range(0, len(self), size)]

    def blame(self, trouble: Trouble) -> list[str]:
        return [f"{letter}: {trouble.kind}, {trouble.words}" for letter in self.letters]


@dataclass
class Graveyard:
    """A pool in which some letters kill the process, those in `spared` only so many times."""

    deadly: dict[str, Died]
    spared: dict[str, int] = field(default_factory=dict)
    waiting: list[tuple[int, Letters]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    cancelled: bool = False

    def submit(self, handle: int, batch: Batch[Any]) -> None:
        assert isinstance(batch, Letters)
        self.waiting.append((handle, batch))
        self.log.append(batch.letters)

    def wait(self) -> list[tuple[int, Done | Died]]:
        handle, batch = self.waiting.pop()  # the newest first: order must not matter
        for letter in batch.letters:
            if letter in self.deadly and self.spared.get(letter, 1) > 0:
                if letter in self.spared:
                    self.spared[letter] -= 1
                return [(handle, self.deadly[letter])]
        return [(handle, Done(list(batch.letters)))]

    def cancel(self) -> None:
        self.cancelled = True


CRASH, HANG, NODE = Died("crash", "boom."), Died("timeout", "too long."), Died("node", "gone.")


def test_the_culprit_is_named_and_all_others_come_back_in_order() -> None:
    pool = Graveyard({"c": CRASH, "g": Died("memory", "too much.")})
    assert supervise(pool, [Letters("abcd"), Letters("ef"), Letters("gh")], "x") == [
        "A", "B", "c: crash, boom.", "D", "E", "F", "g: memory, too much.", "H",
    ]  # fmt: skip
    assert pool.log.count("c") == 2  # alone it had a second try


def test_a_model_that_hangs_is_set_apart_at_once_and_not_tried_again() -> None:
    pool = Graveyard({"c": HANG})
    assert supervise(pool, [Letters("abcdefgh")], "x")[2] == "c: timeout, too long."
    assert sorted(pool.log) == ["a", "abcdefgh", "b", "c", "d", "e", "f", "g", "h"]


def test_an_innocent_whose_neighbour_took_the_memory_gets_its_result() -> None:
    pool = Graveyard({"b": Died("memory", "too much.")}, spared={"b": 2})
    assert supervise(pool, [Letters("ab")], "x") == ["A", "B"]


def test_a_lost_machine_is_nobodys_fault_for_a_few_times() -> None:
    pool = Graveyard({"b": NODE}, spared={"b": NODE_RETRIES})
    assert supervise(pool, [Letters("abc")], "x") == ["A", "B", "C"]
    assert pool.log == ["abc"] * (NODE_RETRIES + 1)
    pool = Graveyard({"b": NODE}, waiting=[])
    with pytest.raises(ExecutorError, match=r"garch: at most 3 machines may be lost .* gone\."):
        supervise(pool, [Letters("abc"), Letters("d")], "garch")
    assert pool.cancelled


def test_one_net_of_many_keys_is_blamed_as_a_whole() -> None:
    pool = Graveyard({"b": CRASH})
    assert supervise(pool, [Letters("abc", whole=True)], "x") == [f"{name}: crash, boom." for name in "abc"]


def test_a_family_that_kills_every_process_is_stopped() -> None:
    pool = Graveyard({"x": CRASH})
    with pytest.raises(ExecutorError, match="garch: a worker may die of a model now and then, found 51 deaths"):
        supervise(pool, [Letters("x")] * (3 * MOST_DEATHS), "garch")
    assert pool.cancelled
