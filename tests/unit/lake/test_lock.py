import os
import pickle
import signal
import threading
import time

import pytest

from hf_platform.errors import LakeBusyError
from hf_platform.lake import Lake


def impatient(settings, seconds=0.3):
    return Lake(settings.model_copy(update={"lock_timeout": seconds}))


def test_the_holder_is_named_when_the_wait_is_over(settings, start):
    holder = start("hold", 60)
    assert holder.stdout.readline() == "held\n"
    begin = time.monotonic()
    with pytest.raises(LakeBusyError) as caught, impatient(settings).exclusive("other", "r"):
        pytest.fail("two writers at once")
    assert 0.2 < time.monotonic() - begin < 10
    text = str(caught.value)
    assert f"process {holder.pid} on " in text
    assert "(holder, run run-holder, since " in text
    assert "HFP_LOCK_TIMEOUT" in text
    assert str(pickle.loads(pickle.dumps(caught.value))) == text


def test_a_killed_holder_leaves_no_stale_lock(settings, start):
    holder = start("hold", 60)
    assert holder.stdout.readline() == "held\n"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with impatient(settings, 5).exclusive("other", "r"):
        pass


def test_an_unreadable_note_does_not_hide_the_timeout(settings, start):
    holder = start("hold", 60)
    assert holder.stdout.readline() == "held\n"
    settings.lock_path.with_suffix(".holder.json").write_text("{half a no", encoding="utf-8")
    with pytest.raises(LakeBusyError, match="an unknown writer"), impatient(settings).exclusive("other", "r"):
        pytest.fail("two writers at once")


def test_the_lock_is_re_entrant_in_a_thread_and_exclusive_between_threads(settings):
    store, seen = impatient(settings), []

    def intrude():
        try:
            with store.exclusive("thread", "r"):
                seen.append("inside")
        except LakeBusyError:
            seen.append("busy")

    def run_thread():
        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join()

    with store.exclusive("a", "r"):
        with store.exclusive("b", "r"):
            run_thread()
        run_thread()  # leaving the inner block must not let go
    run_thread()
    assert seen == ["busy", "busy", "inside"]


def test_two_lakes_of_one_process_exclude_each_other(settings):
    with (
        Lake(settings).exclusive("a", "r"),
        pytest.raises(LakeBusyError, match=f"process {os.getpid()}"),
        impatient(settings).exclusive("b", "r"),
    ):
        pytest.fail("two writers at once")
