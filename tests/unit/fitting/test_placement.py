"""What a family asks for, what a user may change, and how large a chunk is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_platform.errors import ConfigError
from hf_platform.fitting.chunking import LONGEST, MOST, SHORTEST, UNMEASURED, models_per_chunk
from hf_platform.fitting.executors import Request
from hf_platform.fitting.overrides import Override, parse_override
from hf_platform.fitting.placement import request_for, share_of_gpu
from hf_platform.models import get_family
from hf_platform.settings import Settings


@given(st.integers(1, 100_000), st.floats(1e-6, 1e3), st.integers(1, 1_000))
def test_a_chunk_is_worth_its_message_and_keeps_nobody_waiting(n_models: int, seconds: float, workers: int) -> None:
    size = models_per_chunk(n_models, seconds, workers)
    assert 1 <= size <= MOST
    assert size in (1, MOST) or SHORTEST <= size * seconds <= LONGEST + seconds


def test_every_worker_gets_a_few_chunks_where_there_is_work_enough() -> None:
    assert models_per_chunk(12_000, 0.001, 4) == 1_000  # twelve chunks of a second
    assert models_per_chunk(120_000, 0.001, 4) == 4_000
    assert models_per_chunk(10, 60.0, 4) == 1
    assert models_per_chunk(1_000, None, 4) == UNMEASURED


def test_a_request_is_the_familys_own_unless_the_user_says_otherwise(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbeats, garch = get_family("nbeats"), get_family("garch")
    own = request_for(nbeats, settings, "code")
    assert (own.cpus, own.gpus, own.gpu_memory, own.timeout, own.where) == (1.0, 0.0, 1.0, 600.0, None)
    monkeypatch.setenv("HFP_PLACEMENT", "nbeats:gpus=0.5,timeout=3600,memory=20 garch:where=inline")
    asked = Settings.from_env()
    changed = request_for(nbeats, asked, "code")
    assert (changed.gpus, changed.timeout, changed.memory, changed.cpus) == (0.5, 3600.0, 20.0, 1.0)
    assert request_for(garch, asked, "code").where == "inline"
    monkeypatch.setenv("HFP_DEVICE", "cpu")
    monkeypatch.delenv("HFP_PLACEMENT")
    assert request_for(nbeats, Settings.from_env(), "code").gpu_memory == 0.0


@pytest.mark.parametrize(
    ("gpus", "memory", "card", "share"),
    [(0.0, 0.0, 24.0, 0.0), (0.5, 8.0, 24.0, 0.5), (0.0, 1.0, 24.0, 0.125), (0.0, 8.0, 24.0, 0.375),
     (0.0, 24.0, 24.0, 1.0), (0.0, 23.0, 24.0, 1.0), (0.0, 30.0, 24.0, 2.0), (0.0, 2.0, 10.0, 0.25)],
)  # fmt: skip
def test_memory_becomes_a_share_of_a_card(gpus: float, memory: float, card: float, share: float) -> None:
    assert share_of_gpu(Request(name="x", gpus=gpus, gpu_memory=memory), card) == share


def test_overrides_are_read() -> None:
    assert parse_override("nbeats:gpus=0.5,gpu_memory=0,where=ray") == Override(
        family="nbeats", gpus=0.5, gpu_memory=0.0, where="ray"
    )


@pytest.mark.parametrize(
    "text", ["garch", "garch:", ":cpus=1", "garch:cpus", "garch:cpus=0", "garch:cpus=nan", "garch:cpus=-1",
             "garch:speed=2", "garch:where=moon", "garch:cpus=1 garch:gpus=1", "garhc:cpus=1"],
)  # fmt: skip
def test_what_cannot_be_read_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("HFP_PLACEMENT", text)
    with pytest.raises(ConfigError, match="HFP_PLACEMENT"):
        Settings.from_env()
