"""Limits of a worker, tried in processes of their own: an alarm there is none of the test runner's."""

import subprocess
import sys
from pathlib import Path

import pytest

from hf_platform.errors import ExecutorError
from hf_platform.fitting.limits import hard_limit, timeout_words
from hf_platform.fitting.ray_worker import check_code, last_words

SOFT = """
import time
from hf_platform.fitting.limits import Guard, ModelTimeout
for _ in range(2):
    began = time.monotonic()
    try:
        with Guard(0.2, 30.0).armed():
            try:
                time.sleep(20)
            except Exception:  # as a careless library does
                time.sleep(20)
    except ModelTimeout as error:
        print(error)
    assert time.monotonic() - began < 5
time.sleep(0.3)  # no alarm is left
"""
HARD = """
import ctypes, signal, sys
from hf_platform.fitting.limits import Guard
def deaf():
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.valid_signals()))
    ctypes.PyDLL(None).sleep(3600)
with open(sys.argv[1], "w") as journal, Guard(0.1, 0.4, journal).armed():
    deaf()
"""
MEMORY = """
import numpy as np
from hf_platform.fitting.limits import limit_memory
kept = np.ones(2**27)  # 1 GiB that it holds already
limit_memory(0.25)
small = np.ones(2**20)
try:
    np.ones(2**26)
except MemoryError:
    print("no more")
"""


def run(code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_an_alarm_ends_a_model_even_in_a_library_that_catches_everything() -> None:
    done = run(SOFT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [timeout_words(0.2)] * 2


def test_a_model_that_hears_no_signal_ends_its_process_and_says_where(tmp_path: Path) -> None:
    journal = tmp_path / "last.log"
    assert run(HARD, str(journal)).returncode == 1
    kind, words = last_words(journal, 0.1)
    assert kind == "timeout"
    assert words == f"{timeout_words(0.1)} It did not hear the alarm in deaf (<string>:6), so its process was ended."


@pytest.mark.skipif(sys.platform != "linux", reason="the limit counts private memory on Linux only")
def test_memory_is_counted_from_what_a_worker_starts_with() -> None:
    assert run(MEMORY).stdout == "no more\n"


def test_the_hard_limit_is_later_than_the_soft_one() -> None:
    assert hard_limit(0.1) > 1.0
    assert hard_limit(600.0) == 751.0


def test_last_words_of_a_signal_name_the_thread_that_died(tmp_path: Path) -> None:
    journal = tmp_path / "last.log"
    journal.write_text(
        "Fatal Python error: Segmentation fault\n\nThread 0x01 (most recent call first):\n"
        '  File "/lib/threading.py", line 327 in wait\n\nCurrent thread 0x02 (most recent call first):\n'
        '  File "/x/booster.py", line 7 in update\n  File "/x/family.py", line 9 in fit\n'
    )
    assert last_words(journal, 1.0) == ("crash", "its process died: segmentation fault in update (booster.py:7).")
    assert last_words(tmp_path / "none", 1.0)[1].startswith("its process ended without a word")


def test_other_code_is_refused() -> None:
    check_code("abc", "abc")
    with pytest.raises(ExecutorError, match=r"version abc, found def\. Give the cluster the image"):
        check_code("def", "abc")
