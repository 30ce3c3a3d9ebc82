"""Signals, forks, the end of the program: each in a Python of its own."""

import signal
import subprocess
import sys
import time

import pytest
from conftest import python

WAITING = {
    "copy": 'weir.copy("gen:100GiB", "null:", through="rate_limit 1MiB")',
    "result": '(weir.source("gen:100GiB") | "rate_limit 1MiB" | "null:").start().result()',
    "upload": 'weir.upload(iter(lambda: b"x" * 1000000, None), "null:", through="rate_limit 1MiB")',
    "read": 'weir.open("gen:100GiB", through="rate_limit 1KiB").read()',
    "iterate": 'sum(len(c) for c in weir.source("gen:100GiB") | "rate_limit 1KiB")',
    "stage": '(weir.source("gen:100GiB") | (lambda piece: time.sleep(3600)) | "null:").run()',
    "call": "weir._call.interruptible(lambda: time.sleep(3600))",
}


@pytest.mark.parametrize("what", sorted(WAITING))
@pytest.mark.parametrize("within_s", [5, pytest.param(0.1, marks=pytest.mark.measured)], ids=["at all", "at once"])
def test_ctrl_c_is_heard(what, within_s):
    program = f"""
import os, sys, time, weir
print("go", flush=True)
try:
    {WAITING[what]}
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
    os._exit(7)
"""
    child = python(program, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "go\n"
    time.sleep(0.2)
    sent = time.monotonic()
    child.send_signal(signal.SIGINT)
    heard = float(child.stdout.readline())
    assert child.wait(30) == 7
    print(f"{what}: heard after {(heard - sent) * 1000:.0f} ms")
    assert heard - sent < within_s


def test_ctrl_c_ends_a_program_cleanly(tmp_path):
    program = """
import sys, weir
print("go", flush=True)
weir.upload(iter(lambda: b"x" * 1000000, None), sys.argv[1], through="rate_limit 4MiB")
"""
    child = python(program, tmp_path / "out", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "go\n"
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=30)
    assert "KeyboardInterrupt" in told and "Fatal" not in told
    assert child.returncode in (-signal.SIGINT, 130, 1) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("work", [
    'job = (weir.source("gen:100GiB") | "rate_limit 1MiB" | weir.to(sys.argv[1])).start()',
    'job = (weir.source("gen:100GiB") | (lambda piece: piece) | "rate_limit 1MiB" | weir.to(sys.argv[1])).start()',
    'job = (weir.source("gen:100GiB") | weir.generate(lambda pieces: pieces) | "null:").start()',
    'file = weir.open(sys.argv[1], "wb"); file.write(b"x" * 5000000)',
    'chunks = iter(weir.source("gen:100GiB")); chunk = next(chunks)',
    'weir.Context(credentials=lambda refused: None)',
])
def test_the_program_ends_while_jobs_run(tmp_path, work):
    program = f"import sys, time, weir\n{work}\ntime.sleep(0.1)\nprint('end', flush=True)"
    child = python(program, tmp_path / "out", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, told = child.communicate(timeout=60)
    assert (child.returncode, out, told) == (0, "end\n", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.forks
def test_the_child_of_a_fork_is_told_and_its_parent_goes_on():
    program = """
import os, warnings, weir
warnings.simplefilter("ignore")  # of forks beside threads: that is what this is about
job = (weir.source("gen:20MiB") | "rate_limit 40MiB" | (lambda piece: piece) | "null:").start()
child = os.fork()
if child == 0:
    for attempt in (job.progress, job.result, lambda: weir.copy("gen:1KiB", "null:"), lambda: weir.head("/tmp"), weir.Context):
        try:
            attempt()
        except weir.Forked:
            continue
        os._exit(1)
    raise SystemExit(5)  # with all that Python does at its end
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
assert job.result().bytes_read == 20 << 20
print("whole")
"""
    child = python(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.communicate(timeout=60) == ("whole\n", "") and child.returncode == 0


def test_worker_processes_that_are_spawned_work(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("""
import multiprocessing, weir
def work(size):
    return weir.copy(f"gen:{size}", "null:").bytes_read
if __name__ == "__main__":
    with weir.Context() as context, (weir.source("gen:1GiB") | "rate_limit 1MiB" | "null:").start(context=context) as job:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.map(work, ["1KiB", "2KiB"]))
        job.cancel()
        job.wait()
        raise SystemExit
""")
    told = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60)
    assert (told.stdout, told.stderr) == ("[1024, 2048]\n", "")
