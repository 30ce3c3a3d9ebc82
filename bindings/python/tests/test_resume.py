"""An upload that was killed or suspended is in the ledger, and the same call, or its number, goes on with it."""

import signal
import subprocess

import pytest
from conftest import S3, eventually, pattern, python

import weir

BYTES = 11 << 20
PART = 5 << 20

VICTIM = """
import os, signal, sys, time, weir
source, destination, state, endpoint, function = sys.argv[1:]
context = weir.Context(ledger=True, state_dir=state, s3_endpoint_url=endpoint, bytes_per_second=16 << 20)
through = weir.pieces(bytes.swapcase) if function == "function" else None
job = weir.start(source, destination, context=context, part_bytes=5 << 20, concurrency=1,
                 content_type="text/x-large", through=through)
while not any(one.bytes_stored >= 5 << 20 for one in weir.unfinished(context=context)):
    assert not job.done, "it was too fast"
    time.sleep(0.001)
os.kill(os.getpid(), int(signal.SIGKILL))
"""


@pytest.fixture
def large(tmp_path):
    (tmp_path / "large").write_bytes(pattern(BYTES))
    return tmp_path / "large"


def context_of(state):
    return weir.Context(ledger=True, state_dir=state, s3_endpoint_url=S3)


def kill_one(large, destination, state, function="none"):
    child = python(VICTIM, large, destination, state, S3, function)
    assert child.wait(60) == -signal.SIGKILL
    found = weir.unfinished(context=context_of(state))
    assert len(found) == 1 and found[0].bytes_stored >= PART and found[0].destination == destination
    return found[0]


def check(receipt, large, destination, context):
    assert receipt.bytes_resumed >= PART and receipt.checksum_verified
    assert weir.unfinished(context=context) == []
    assert weir.head(destination, context=context).content_type == "text/x-large"


def test_the_same_call_goes_on_after_a_kill(s3, large, tmp_path):
    kill_one(large, s3("large"), tmp_path / "state")
    context = context_of(tmp_path / "state")
    receipt = weir.copy(large, s3("large"), context=context, part_bytes=PART, content_type="text/x-large")
    check(receipt, large, s3("large"), context)
    assert weir.download(s3("large"), context=context) == large.read_bytes()


def test_its_number_goes_on_after_a_kill(s3, large, tmp_path):
    found = kill_one(large, s3("large"), tmp_path / "state")
    assert found.can_resume and found.bytes_total == BYTES and str(large) in found.source
    check(found.__class__(**{**found.__dict__, "_context": context_of(tmp_path / "state")}).resume().result(), large,
          s3("large"), context_of(tmp_path / "state"))


def test_the_same_call_goes_on_through_a_function(s3, large, tmp_path):
    """It is run again, and what it gives is compared with what is stored."""
    found = kill_one(large, s3("large"), tmp_path / "state", "function")
    context = context_of(tmp_path / "state")
    if found.can_resume:
        with pytest.raises(weir.InvalidArgument, match="same call again"):
            weir.unfinished(context=context)[0].resume()
    receipt = weir.copy(large, s3("large"), context=context, part_bytes=PART, content_type="text/x-large",
                        through=weir.pieces(bytes.swapcase))
    check(receipt, large, s3("large"), context)
    assert weir.download(s3("large"), context=context) == large.read_bytes().swapcase()


def test_a_suspended_job_goes_on_or_is_removed(s3, large, tmp_path):
    slow = weir.Context(ledger=True, state_dir=tmp_path / "state", s3_endpoint_url=S3, bytes_per_second=16 << 20)

    def suspended():
        job = weir.start(large, s3("large"), context=slow, part_bytes=PART, concurrency=1, content_type="text/x-large")
        eventually(lambda: job.progress().bytes_confirmed >= PART)
        job.suspend()
        with pytest.raises(weir.Cancelled) as caught:
            job.result()
        assert caught.value.kept_bytes >= PART

    suspended()
    (found,) = weir.unfinished(context=slow)
    check(found.resume().result(), large, s3("large"), slow)
    suspended()
    (found,) = weir.unfinished(context=slow)
    found.abort()
    assert weir.unfinished(context=slow) == []
    with pytest.raises(weir.NotFound):
        found.abort()


def test_ctrl_c_keeps_what_is_safe(s3, large, tmp_path):
    program = VICTIM.replace("os.kill(os.getpid(), int(signal.SIGKILL))", "print('go', flush=True)\njob.result()")
    child = python(program, large, s3("large"), tmp_path / "state", S3, "none", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "go\n"
    child.send_signal(signal.SIGINT)
    told = child.communicate(timeout=30)[1]
    assert child.returncode != 0 and "KeyboardInterrupt" in told
    context = context_of(tmp_path / "state")
    receipt = weir.copy(large, s3("large"), context=context, part_bytes=PART, content_type="text/x-large")
    check(receipt, large, s3("large"), context)
