#!/usr/bin/env python3
"""One server's rounds of tests/kill/run.sh: kill -9 at a random moment, again, then the same command to its end.

    kill_and_resume.py ROUNDS      below `servers.py run NAME [--revive] --`

A round uploads a file (of known length) or what comes through a pipe (of unknown length), as it is or through any stages, of random size,
part size and memory at a random pace, kills it once to three times, sometimes in the first milliseconds and sometimes while it
completes, and lets the last run finish. The object must be the one of a run in one go, byte for byte; nothing may be left in the
ledger; and beside what was under way when it was killed no byte may be sent twice.
Other rounds are downloads of such an object into a file, copies from file to file, and copies of trees of small and large files, up
and down: what comes must be the object, and beside what was under way nothing may be fetched twice. Pipes into files, and downloads that
a stage changes on their way into one, come again whole: what a run left in the partial file must be gone on with, and not be written again.
No upload may be left at the store when a round has ended, and `weir rm --incomplete` must find none at the end.
With --revive the server is killed too, in one of three rounds: it keeps its data on the disk and comes back.
With WEIR_KILL_HOST the rounds of one file or object are those of that program, a user's on a binding (host.py).
WEIR_KILL_TABLE names a file that the rows of the table are appended to. SIGINT ends it after the last whole round.
Where WEIR_KILL_PRODUCER names kill_producer, some rounds are uploads of a producer that cannot begin again: it must never be asked
for what it has forgotten, and the object must be its stream.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import compositions
from branches import play_branches
from into_files import play_download, play_file_copy, play_stream
from rounds import (HEADS, HOST, MIB, PARTS_AT_ONCE, SEED, WEIR, Round, Wrong, check_no_upload_left, check_nothing_left, copy,
                    event_of, in_one_go, jobs, memory_options, open_uploads, orphans, remove_unfinished, rng,
                    start_relay, target, temporary_files)

PRODUCER = os.environ.get("WEIR_KILL_PRODUCER", "")
TREE_FILES = 30


def play_upload(number, folder, relay):
    """One round; its kind, and what it counted."""
    size = rng.choice([rng.randrange(11 * MIB, 60 * MIB), rng.randrange(10, 40) * 5 * MIB // 2 + rng.choice([-1, 0, 1])])
    part = rng.choice([5, 6, 8, 11]) * MIB
    pace = rng.choice([30, 60, 120])
    url, options = target(number)
    state = folder / "state"
    path = folder / f"round {number}.bin"
    with open(path, "wb") as file:
        file.write(rng.randbytes(size))
    piped = rng.random() < 0.4
    through, shown, changing = compositions.draw(rng)
    stages = ["--through", through] if through else []
    own = ["--own-stage"] if HOST and rng.random() < 0.3 else []
    arguments = ["-" if piped else str(path), url, *options, *stages, *own, "--part-size", str(part), "--concurrency", str(PARTS_AT_ONCE),
                 "--limit-rate", f"{pace}MiB", *memory_options(changing)]
    wanted = path
    if through:
        wanted = folder / "in one go"
        in_one_go(path, wanted, stages, state)
        size = wanted.stat().st_size
    remade = piped or bool(through or own)
    one = Round(relay, arguments, state, path if piped else None)
    events, confirmed = one.play(size, pace * MIB, url)
    summary = event_of(events, "summary")
    resumed = event_of(events, "done")["bytes_resumed"]
    # Where a store has no checksum, nobody can tell whether an object that was just completed is ours: it is sent again. So is a
    # stream, since what has gone by cannot be sent again if it turns out not to be that object; and what was done but for its exit
    # code. A server that was killed may have lost parts.
    by_vercel = url.startswith("vercel:")
    sent_anew = (confirmed == size and remade) or ((confirmed == size or one.was_whole) and by_vercel)
    if one.server_kills == 0:
        if one.kills and resumed < confirmed and not sent_anew:
            raise Wrong(f"of {size} bytes {confirmed} were safe and {resumed} were gone on with")
        if resumed + summary["bytes_sent"] > size + PARTS_AT_ONCE * part:
            raise Wrong(f"{summary['bytes_sent']} bytes were sent of {size}, and {resumed} were there")
        # Those under way, and one that was acknowledged and not written down where the store cannot be asked.
        if not one.was_whole and one.sent > size + one.kills * (PARTS_AT_ONCE + 1) * part + HEADS:
            raise Wrong(f"{one.sent} bytes were sent of {size}, with {one.kills} kills")
    back = folder / "back"
    copy(url, back, *options, state=state)
    if hashlib.sha256(back.read_bytes()).digest() != hashlib.sha256(wanted.read_bytes()).digest():
        raise Wrong("the object is not the one of a run in one go")
    check_nothing_left(state)
    check_no_upload_left()
    for file in {path, back, wanted}:
        file.unlink()
    kind = ("a pipe" if piped else "a file", f"{shown}, a function" if own else shown)
    return kind, Counter(kills=one.kills, server_kills=one.server_kills, bytes=size, resumed=resumed, twice=max(0, one.sent - size),
                         orphans=len(one.orphans))


def make_tree(folder):
    """Files small and large, as they were long ago: what was written just now is copied again by rule."""
    files = {}
    for index in range(TREE_FILES):
        size = rng.choice([0, 1, rng.randrange(100_000), rng.randrange(100_000), rng.randrange(4 * MIB)])
        if index % 15 == 7:
            size = rng.randrange(17 * MIB, 24 * MIB)
        name = f"{rng.choice(['', 'a/', 'a/b c/', 'd/'])}file {index}.bin"
        files[name] = rng.randbytes(size)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return files


def check_tree(folder, files):
    there = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file() and path.suffix != ".weir-part"}
    if there.keys() != files.keys():
        raise Wrong(f"other files than there should be: {sorted(there.keys() ^ files.keys())}")
    for name, data in files.items():
        if there[name].read_bytes() != data:
            raise Wrong(f"{name} is not what it was")


def play_tree(number, folder, relay):
    """One round; its kind, and what it counted."""
    url, options = target(number)
    url = url.removesuffix(".bin") + "/"
    state, source, there = folder / "state", folder / "tree", folder / f"tree {number}"
    files = make_tree(source)
    size = sum(map(len, files.values()))
    pace = rng.choice([30, 60, 120])
    up = rng.random() < 0.5
    if not up:
        copy("-r", f"{source}/", url, *options, state=folder / "other")
    ends = [f"{source}/", url] if up else [url, f"{there}/"]
    one = Round(relay, ["-r", *ends, *options, "--part-size", str(rng.choice([5, 8]) * MIB), "--limit-rate", f"{pace}MiB"], state)

    def look():
        for path in there.rglob("*") if there.exists() else []:
            if path.is_file() and path.suffix != ".weir-part" and path.read_bytes() != files[str(path.relative_to(there))]:
                raise Wrong(f"a wrong file stands under its name: {path}")

    one.play(size, pace * MIB, None, look)
    if up:
        copy("-r", url, f"{there}/", *options, state=folder / "other")
    check_tree(there, files)
    check_nothing_left(state)
    check_no_upload_left()
    stray = temporary_files(there)
    if stray:
        raise Wrong(f"temporary files are left: {stray}")
    shutil.rmtree(there)
    shutil.rmtree(source)
    moved = one.sent if up else one.received
    return (f"a tree, {'up' if up else 'down'}", "none"), Counter(kills=one.kills, server_kills=one.server_kills, bytes=size,
                                                                 resumed=max(0, size - moved), twice=max(0, moved - size),
                                                                 unseen=moved < size // 2 and not one.was_whole,
                                                                 orphans=len(one.orphans))


def mib(count):
    return f"{count / MIB:,.1f}"


def row_of(store, kind, counted):
    source, through = kind
    twice = "unknown" if counted["unseen"] else mib(counted["twice"])
    resumed = "not told" if source.startswith(("a tree", "a file into several")) else mib(counted["resumed"])
    return (f"| {source} | {through.replace('|', chr(92) + '|')} | {store} | {counted['rounds']} | {counted['kills']} | "
            f"{counted['server_kills']} | {mib(counted['bytes'])} | {resumed} | {twice} | 0 | "
            f"{counted['left']} |")


def goes_on_from(state, url):
    """The byte from which the producer of the job for `url` is to go on, as `weir jobs` tells it."""
    for job in jobs(state):
        if job["destination"] == url:
            done = subprocess.run([WEIR, "jobs", "show", str(job["id"]), "--json", "--state-dir", str(state)], stdout=subprocess.PIPE,
                                  check=True)
            return json.loads(done.stdout).get("goes_on_from")  # none: its spool is just being removed, all is done
    return None


def play_producer(number, folder, _):
    """One round; its kind, and what it counted."""
    size = rng.choice([rng.randrange(1, 5 * MIB), rng.randrange(11 * MIB, 60 * MIB), rng.randrange(2, 10) * 5 * MIB])
    seed, piece, pace = rng.randrange(1 << 60), rng.choice([1000, 65536, 300_001, 3 * MIB]), rng.choice([30, 60, 120])
    url, options = target(number)
    state, memory, back = folder / "state", folder / f"memory {number}", folder / "back"
    command = [PRODUCER, url, str(state), str(memory), str(size), str(seed), str(piece), str(pace)]
    whole = size / (pace * MIB)
    kills = skipped = 0
    nobodys = set()
    told = None
    for last in [False] * rng.choice([1, 2, 3, 5]) + [True]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if not last:
            try:
                process.wait(rng.choice([rng.uniform(0, 0.05), rng.uniform(0, whole), rng.uniform(whole * 0.7, whole * 1.2)]))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += 1
        try:
            output, errors = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Wrong(f"it hangs: {' '.join(command)}") from None
        words = output.decode().split()
        if told is not None and "asked" in words and int(words[words.index("asked") + 1]) != told:
            raise Wrong(f"the ledger said that it goes on from byte {told}, and it was {output.decode()}")
        if process.returncode == 0:
            skipped = int(words[-1])
            break
        if process.returncode != -signal.SIGKILL:
            # Killed when all was done but its exit code: nothing is recorded any more, and the object is compared below.
            if told is None and b"what is asked for is forgotten" in errors:
                shutil.rmtree(state)
                break
            # Where nobody can tell whether an object that was just completed is ours, the error says so.
            if url.startswith("vercel:") and b"has no upload" in errors:
                break
            raise Wrong(f"exit {process.returncode}: {errors.decode()}{output.decode()}")
        told = goes_on_from(state, url)
        nobodys |= orphans(state)
    subprocess.run([WEIR, "cp", "-q", url, str(back), *options], check=True, env={**os.environ, "WEIR_STATE_DIR": str(state)})
    wanted = subprocess.run([PRODUCER, str(size), str(seed)], check=True, stdout=subprocess.PIPE).stdout
    if back.read_bytes() != wanted:
        raise Wrong("the object is not the producer's stream")
    left = [] if process.returncode else jobs(state)
    if left or process.returncode == 0 and any(name.startswith("spool-") for name in os.listdir(state)):
        raise Wrong(f"left behind: {left}, {os.listdir(state)}")
    check_no_upload_left()
    back.unlink()
    return ("a producer", "none"), Counter(kills=kills, bytes=size, resumed=skipped, unseen=1, orphans=len(nobodys))


INTO_FILES = ("an object", "a file into a file", "a pipe into a file", "a tree, down")


def main():
    rounds = int(sys.argv[1])
    started = time.monotonic()
    table = {}
    relay = start_relay()
    plays = [play_upload, play_download, play_producer, play_tree, play_upload, play_stream, play_branches, play_upload, play_file_copy,
             play_tree, play_upload, play_download, play_branches, play_stream]
    if HOST:  # which copies one thing at a time
        plays = [play_upload, play_download, play_upload, play_stream, play_upload, play_file_copy]
    elif not PRODUCER:
        plays.remove(play_producer)
    with tempfile.TemporaryDirectory(prefix="weir-kill-") as name:
        for number in range(rounds):
            try:
                play = plays[number % len(plays)]
                kind, counted = play(number, Path(name), relay)
            except Wrong as wrong:
                sys.exit(f"WEIR_SEED={SEED} round {number}: {wrong}")
            except KeyboardInterrupt:
                rounds = number
                break
            counted["rounds"] = 1
            table.setdefault(kind, Counter()).update(counted)
    store = os.environ.get("WEIR_TEST_S3_SERVER") or "vercel"
    rows = [row_of(store, kind, table[kind]) for kind in sorted(table)]
    if "WEIR_KILL_TABLE" in os.environ:
        with open(os.environ["WEIR_KILL_TABLE"], "a", encoding="utf-8") as file:
            file.write("".join(row + "\n" for row in rows))
    total = sum(table.values(), Counter())
    known = open_uploads() is not None
    if known:
        with tempfile.TemporaryDirectory() as state:
            found = remove_unfinished(state)
        if found:
            sys.exit(f"WEIR_SEED={SEED}: uploads were left that rm --incomplete found: {found}")
    relay.close()
    uploads_left = f"0 ({total['orphans']} were begun whose id no killed run had learned)" if known else "unknown"
    files_left = sum(counted["left"] for (source, _), counted in table.items() if source in INTO_FILES)
    print(f"{store}: {rounds} rounds, {total['kills']} kills, {total['server_kills']} of the server, {mib(total['bytes'])} MiB, "
          f"went on with {mib(total['resumed'])} MiB, 0 wrong objects, uploads left at the store: {uploads_left}, "
          f"partial files left: {files_left}, {time.monotonic() - started:.0f} s (WEIR_SEED={SEED})")
    # The one moment that is not closed: a file was being written whose name was not written down yet.
    if files_left > max(1, (total["kills"] + total["server_kills"]) // 10):
        sys.exit(f"{files_left} partial files are left")


if __name__ == "__main__":
    main()
