"""What the benchmarks share: contenders that run in turn, their medians, the machine, and where files are made."""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from measured import Failed, run, say  # noqa: E402

UNCHECKED = {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}


@dataclass
class Figures:
    """The runs of one contender; their medians."""
    name: str
    amount: float = 1  # of what the figures are per: GB, or objects
    runs: list = field(default_factory=list)

    def speeds(self):  # amount/s
        return [self.amount / each.wall_s for each in self.runs]

    def speed(self):
        return statistics.median(self.speeds())

    def cpu(self):  # CPU-s per amount
        return statistics.median(each.cpu_s / self.amount for each in self.runs)

    def peak(self):
        return statistics.median(each.peak_rss for each in self.runs)

    def spread(self, digits=2):
        return f"{min(self.speeds()):.{digits}f}–{max(self.speeds()):.{digits}f}"


def measure(contenders, runs, once):
    """Lets once(contender) measure each: a round that warms up and is not counted, then forwards and backwards in turn."""
    for contender in contenders:  # page cache, CPU clock
        once(contender)
    for number in range(runs):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            contender.runs.append(once(contender))
        say(f"round {number + 1} of {runs} done")


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def curl_version():
    words = output_of("curl", "--version").split()
    return words[1] if len(words) > 1 else "unknown"


def machine():
    cpus = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (f"{len(os.sched_getaffinity(0))} × {cpus[0] if cpus else platform.machine()}, {memory:.0f} GiB of memory, "
            f"Linux {platform.release()}")


def make_file(binaries, path, size):
    run([binaries / "weir", "cp", "--quiet", "--progress", "none", f"gen:{size}?ratio=3", path])


def roomy_directory(size):
    """A tmpfs where twice that many bytes fit, so that no disk is measured; else where temporary files go."""
    shm = Path("/dev/shm")
    if shm.is_dir() and shutil.disk_usage(shm).free > 2 * size:
        free = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())["MemAvailable"]
        if int(free.split()[0]) * 1024 > 2 * size:
            return shm
    return Path(tempfile.gettempdir())


def end_with(main):
    """Runs `main` as the whole program: what had to succeed and did not is told in one line."""
    try:
        sys.exit(main())
    except Failed as failure:
        say(f"bench: {failure}")
        sys.exit(1)
