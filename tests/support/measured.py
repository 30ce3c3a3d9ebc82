"""Runs programs and says what they cost; starts the discarding S3 endpoint. Standard library only, Linux only."""

import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

MIB = 1 << 20
GROWTH = 3 * MIB  # from one quarter of the time to the next
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# Keys that the endpoint does not check, and nothing of the user's own configuration.
AWS = {"AWS_ACCESS_KEY_ID": "measured", "AWS_SECRET_ACCESS_KEY": "measured-secret", "AWS_REGION": "us-east-1",
       "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


def environment(**extra):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("AWS_", "WEIR_")) and not name.lower().endswith("_proxy")}
    return {**kept, **AWS, **extra}


class Failed(Exception):
    """A program that had to succeed did not."""


@dataclass
class Sample:
    at_s: float
    rss: int  # bytes
    cpu_s: float


@dataclass
class Measured:
    command: list
    returncode: int = 0
    stdout: str = ""
    stderr: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0  # user and system
    peak_rss: int = 0  # bytes
    samples: list = field(default_factory=list)

    def events(self):
        """The JSON objects that it printed, by their "event"."""
        return {line["event"]: line for line in map(json.loads, self.stdout.splitlines())}


def grows(samples):
    """How RSS grew in every quarter of the samples' time, as text; empty if it did not: what fills up once, in whichever
    it is, is no growth."""
    begin, lasts = samples[0].at_s, max(samples[-1].at_s - samples[0].at_s, 1e-9)
    peaks = [0] * 4
    for sample in samples:
        quarter = min(3, int(4 * (sample.at_s - begin) / lasts))
        peaks[quarter] = max(peaks[quarter], sample.rss)
    if all(later > earlier + GROWTH for earlier, later in zip(peaks, peaks[1:])):
        return "RSS grows: " + ", ".join(f"{peak / MIB:.1f}" for peak in peaks) + " MiB in the quarters of the time"
    return ""


def look(pid):
    """(peak RSS, RSS, CPU seconds) of a running process; None once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    sizes = {line[:5]: int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(("VmHWM", "VmRSS"))}
    if "VmRSS" not in sizes:
        return None
    fields = stat.rpartition(")")[2].split()
    return sizes["VmHWM"], sizes["VmRSS"], (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def run(command, env=None, stdin=subprocess.DEVNULL, every_s=0.05, timeout_s=600, check=True):
    """Runs `command` to its end and measures it by itself: not what it talks to. Samples every `every_s`."""
    result = Measured([str(word) for word in command])
    started = time.monotonic()
    # Files, not pipes: whatever it prints, it is never kept waiting.
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = subprocess.Popen(result.command, env=env or environment(), stdin=stdin, stdout=stdout, stderr=stderr)
        over = select.poll()  # the very moment, however seldom it is sampled
        over.register(handle := os.pidfd_open(child.pid), select.POLLIN)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            at = time.monotonic() - started
            if pid != 0:
                break
            if at > timeout_s:
                child.kill()
            seen = look(child.pid)
            if seen:
                result.peak_rss = max(result.peak_rss, seen[0])
                result.samples.append(Sample(at, seen[1], seen[2]))
            over.poll(1000 * min(every_s, 0.002 + at / 50))  # short runs are sampled more closely
        os.close(handle)
        child.returncode = result.returncode = os.waitstatus_to_exitcode(status)
        for file, name in ((stdout, "stdout"), (stderr, "stderr")):
            file.seek(0)
            setattr(result, name, file.read().decode(errors="replace"))
    result.wall_s = at
    result.cpu_s = usage.ru_utime + usage.ru_stime
    # ru_maxrss begins with the parent's own at the fork, so it tells something only above that.
    if usage.ru_maxrss > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        result.peak_rss = max(result.peak_rss, usage.ru_maxrss * 1024)
    if check and result.returncode != 0:
        raise Failed(f"{' '.join(result.command)} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result


class DiscardingEndpoint:
    """with DiscardingEndpoint(program, "--rate", "1e6") as s3: s3.url, s3.state()."""

    def __init__(self, program, *options):
        self.command = [str(program), *map(str, options)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if words[:2] != ["listening", "on"]:
            self.__exit__()
            raise Failed(f"{' '.join(self.command)} does not listen")
        self.url = f"http://127.0.0.1:{words[2]}"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def state(self):
        with urllib.request.urlopen(self.url + "/_weir/state", timeout=10) as answer:
            return json.load(answer)

    def head(self, name):
        """Headers of the object /bucket/key."""
        with urllib.request.urlopen(urllib.request.Request(self.url + name, method="HEAD"), timeout=10) as answer:
            return answer.headers


def run_cases(cases, at_once=1):
    """Runs (name, check) pairs, `at_once` of them side by side, and says how each went; how many failed. check() gives a
    Measured, what it was not as promised, and what else is worth telling."""
    def one(case):
        name, check = case
        try:
            result, problems, more = check()
            cost = f"{result.wall_s:5.1f} s, {result.cpu_s:5.1f} CPU-s, peak RSS {result.peak_rss / MIB:5.1f} MiB{more}"
        except Failed as failure:
            problems, cost = [str(failure)], "failed"
        say("\n       ".join([f"{'FAILED' if problems else 'ok    '} {name}: {cost}", *problems]))
        return bool(problems)

    with ThreadPoolExecutor(at_once) as pool:
        return sum(pool.map(one, cases))


def read_size(text):
    """Bytes of "4GiB", "512MiB" or "1000"."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if text.endswith(unit):
            return int(float(text[:-3]) * factor)
    return int(text)


def say(text):
    print(text, file=sys.stderr, flush=True)
