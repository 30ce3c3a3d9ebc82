"""What the tests need that no Debian package has: put once into ${XDG_CACHE_HOME:-~/.cache}/weir, whole or not at all."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "weir"


class Failed(Exception):
    pass


def say(text):
    print(f"servers: {text}", file=sys.stderr, flush=True)


def quietly(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))} failed with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def install_once(place, make):
    """Has make(folder) fill the new folder CACHE/place: whole or not at all, one installer at a time."""
    final = CACHE / place
    unfinished = CACHE / f".{place}.unfinished"  # stays where an installer was killed
    if final.is_dir() and not unfinished.exists():
        return final
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f".{place}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if unfinished.exists():
            shutil.rmtree(final, ignore_errors=True)
        if not final.is_dir():
            started = time.monotonic()
            say(f"installing {place} into {final}")
            unfinished.touch()
            make(final)
            unfinished.unlink()
            say(f"installed {place} in {time.monotonic() - started:.0f} s")
    return final


def make_venv(final, packages):
    """An environment cannot be moved, so it is made in place, and removed again if that fails. Needs the network."""
    try:
        quietly([sys.executable, "-m", "venv", final])
        quietly([final / "bin" / "pip", "install", "--quiet", *packages])
    except Failed:
        shutil.rmtree(final, ignore_errors=True)
        raise
