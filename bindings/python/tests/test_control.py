"""Pause, resume, cancel, progress, waiting."""

import gc
import threading
import time

import pytest
from conftest import eventually

import weir
from weir import _hosts
from weir.feeding import Push
from weir.job import start_line


def slow():
    return (weir.source("gen:100GiB") | "rate_limit 4MiB" | "null:").start()


def test_a_paused_job_stands_still_and_goes_on():
    push = Push()
    job = start_line(weir.stage("push") | "null:", {}, push=push.handle)
    job.pause()
    assert job.progress().state is weir.State.PAUSED
    push.write(b"abc")
    push.close()
    assert not job.wait(0.1) and not job.done
    with pytest.raises(TimeoutError):
        job.result(0.05)
    job.resume()
    assert job.result().bytes_read == 3 and job.done
    assert job.result().bytes_read == 3, "the same answer each time"


def test_a_cancelled_job_leaves_nothing(tmp_path):
    job = (weir.source("gen:100GiB") | "rate_limit 4MiB" | weir.to(tmp_path / "out")).start()
    eventually(lambda: job.progress().bytes_read > 0)
    job.cancel()
    with pytest.raises(weir.Cancelled):
        job.result()
    assert list(tmp_path.iterdir()) == [] and job.progress().state is weir.State.FAILED


def test_progress_is_an_iterator():
    seen = list((weir.source("gen:4MiB") | "rate_limit 16MiB" | "null:").start().watch(0.02))
    assert len(seen) > 2 and seen[-1].state is weir.State.DONE and seen[-1].bytes_done == 4 << 20
    assert [one.bytes_done for one in seen] == sorted(one.bytes_done for one in seen)


def test_what_a_report_raises_stops_the_job():
    def report(progress):
        raise KeyError("mine")

    with pytest.raises(KeyError):
        weir.copy("gen:100GiB", "null:", through="rate_limit 1MiB", progress=report)
    eventually(lambda: _hosts.count() == 0)


def test_a_job_that_is_dropped_is_cancelled():
    job = slow()
    assert _hosts.count() == 1
    del job
    gc.collect()
    eventually(lambda: _hosts.count() == 0)


def test_a_job_is_waited_for_by_with_and_stopped_by_an_exception():
    with (weir.source("gen:1MiB") | "null:").start() as job:
        pass
    assert job.done
    with pytest.raises(KeyError):
        with slow() as job:
            raise KeyError("mine")
    with pytest.raises(weir.Cancelled):
        job.result()


def test_any_thread_may_cancel_the_wait_of_another():
    job = slow()
    threading.Timer(0.05, job.cancel).start()
    started = time.monotonic()
    with pytest.raises(weir.Cancelled):
        job.result()
    assert time.monotonic() - started < 20


def test_a_closed_job_says_so():
    job = slow()
    job.close()
    job.close()
    for attempt in (job.progress, job.pause, job.resume, job.cancel, job.wait, job.result):
        with pytest.raises(weir.Closed):
            attempt()
    assert "handle" in repr(job)
