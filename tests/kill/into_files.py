"""Rounds that end in a file: downloads, copies from file to file, and streams."""

import hashlib
import os
import shutil
from collections import Counter

from rounds import (HEADS, MIB, PARTS_AT_ONCE, Round, Wrong, check_nothing_left, copy, event_of, in_one_go, memory_options, rng,
                    target, temporary_files)

# Of a download: the ranges that are read at once and the one that waits for them, of 8 MiB each, and what kernels hold of them on both
# sides of the relay when their reader is killed.
READ_AHEAD = (PARTS_AT_ONCE + 1) * 8 * MIB + PARTS_AT_ONCE * 4 * MIB


def play_download(number, folder, relay):
    """One round; its kind, and what it counted."""
    size = rng.choice([rng.randrange(17 * MIB, 60 * MIB), rng.randrange(10, 40) * 5 * MIB // 2 + rng.choice([-1, 0, 1])])
    part = rng.choice([1, 4, 5]) * MIB
    pace = rng.choice([15, 30, 60])
    url, options = target(number)
    state = folder / "state"
    data = rng.randbytes(size)
    source = folder / "source"
    source.write_bytes(data)
    copy(source, url, *options, state=folder / "other")
    source.unlink()
    there = folder / f"down {number}"
    there.mkdir()
    path = there / "file"
    through = rng.choice(["", "", "sha256"])
    arguments = [url, str(path), *options, *(["--through", through] if through else []), "--part-size", str(part), "--concurrency",
                 str(PARTS_AT_ONCE), "--limit-rate", f"{pace}MiB", *memory_options()]
    one = Round(relay, arguments, state)

    def look():
        if path.exists() and path.read_bytes() != data:
            raise Wrong("a wrong file stands under its name")

    events, confirmed = one.play(size, pace * MIB, os.path.realpath(path), look)
    done, summary = event_of(events, "done"), event_of(events, "summary")
    if path.read_bytes() != data:
        raise Wrong("the file is not the object")
    if through and done["facts"]["sha256"] != hashlib.sha256(data).hexdigest():
        raise Wrong("the digest is not the object's")
    resumed = done["bytes_resumed"]
    if one.kills and resumed < confirmed:
        raise Wrong(f"of {size} bytes {confirmed} were safe and {resumed} were gone on with")
    if one.server_kills == 0 and resumed + summary["bytes_received"] > size:
        raise Wrong(f"{summary['bytes_received']} bytes were fetched of {size}, and {resumed} were there")
    most = size + one.kills * (READ_AHEAD + part) + HEADS
    if one.server_kills == 0 and not one.was_whole and one.received > most:
        raise Wrong(f"{one.received} bytes were fetched of {size}, with {one.kills} kills")
    check_nothing_left(state)
    stray = temporary_files(there)  # killed between making the file and writing down that it is there
    if len(stray) > one.kills:
        raise Wrong(f"{len(stray)} partial files are left")
    shutil.rmtree(there)
    past_the_relay = one.received < size - resumed  # a store may hand out its objects elsewhere
    return ("an object", through or "none"), Counter(kills=one.kills, server_kills=one.server_kills, bytes=size, resumed=resumed,
                                                     twice=max(0, one.received - size), unseen=past_the_relay, left=len(stray))


def play_file_copy(number, folder, relay):
    """One round; its kind, and what it counted."""
    size = rng.choice([rng.randrange(17 * MIB, 60 * MIB), rng.randrange(10, 40) * 5 * MIB // 2 + rng.choice([-1, 0, 1])])
    part = rng.choice([1, 4, 5]) * MIB
    pace = rng.choice([15, 30, 60])
    state, source, there = folder / "state", folder / "source", folder / f"copy {number}"
    data = rng.randbytes(size)
    source.write_bytes(data)
    there.mkdir()
    path = there / "file"
    one = Round(relay, [str(source), str(path), "--part-size", str(part), "--limit-rate", f"{pace}MiB"], state)
    one.kills_server = False

    def look():
        if path.exists() and path.read_bytes() != data:
            raise Wrong("a wrong file stands under its name")

    events, confirmed = one.play(size, pace * MIB, os.path.realpath(path), look)
    if path.read_bytes() != data:
        raise Wrong("the copy is not the file")
    resumed = event_of(events, "done")["bytes_resumed"]
    if one.kills and resumed < confirmed:
        raise Wrong(f"of {size} bytes {confirmed} were safe and {resumed} were gone on with")
    check_nothing_left(state)
    stray = temporary_files(there)
    shutil.rmtree(there)
    source.unlink()
    return ("a file into a file", "none"), Counter(kills=one.kills, bytes=size, resumed=resumed, unseen=1, left=len(stray))


def play_stream(number, folder, relay):
    """A stream into a file, which comes again whole each time. One round; its kind, and what it counted."""
    size = rng.choice([rng.randrange(17 * MIB, 60 * MIB), rng.randrange(10, 40) * 5 * MIB // 2 + rng.choice([-1, 0, 1])])
    part = rng.choice([1, 4, 5]) * MIB
    pace = rng.choice([15, 30, 60])
    state, source, there = folder / "state", folder / "source", folder / f"stream {number}"
    data = wanted = rng.randbytes(size)
    source.write_bytes(data)
    there.mkdir()
    path, feed = there / "file", None
    piped = rng.random() < 0.5
    changing = ["unzstd", "unzstd | sha256", "zstd level=1", "sha256 | zstd level=-3"]
    through = rng.choice(["", "xxh3_128", "zstd level=1"] if piped else changing)
    stages = ["--through", through] if through else []
    if piped:
        ends, feed = ["-", str(path)], source
    else:
        url, options = target(number)
        made = ["--through", "zstd"] if through.startswith("unzstd") else []
        copy(source, url, *options, *made, state=folder / "other")
        ends = [url, str(path), *options]
    if "zstd level" in through:
        in_one_go(source, folder / "in one go", stages, folder / "other")
        wanted = (folder / "in one go").read_bytes()
        (folder / "in one go").unlink()
    one = Round(relay, [*ends, *stages, "--part-size", str(part), "--limit-rate", f"{pace}MiB", *memory_options()], state, feed)
    if piped:
        one.kills_server = False

    def look():
        if path.exists() and path.read_bytes() != wanted:
            raise Wrong("a wrong file stands under its name")

    events, confirmed = one.play(size, pace * MIB, os.path.realpath(path), look)
    done = event_of(events, "done")
    if path.read_bytes() != wanted:
        raise Wrong("the file is not that of a run in one go")
    if "sha256" in through and done["facts"]["sha256"] != hashlib.sha256(data).hexdigest():
        raise Wrong("the digest is not that of what came")
    # Who was killed when the file had its name already begins anew: nobody can tell that it is this stream's.
    resumed = done["bytes_resumed"]
    if one.kills and resumed < confirmed < len(wanted):
        raise Wrong(f"of {len(wanted)} bytes {confirmed} were safe and {resumed} were gone on with")
    check_nothing_left(state)
    stray = temporary_files(there)
    shutil.rmtree(there)
    source.unlink()
    kind = ("a pipe into a file" if piped else "an object", through or "none")
    return kind, Counter(kills=one.kills, server_kills=one.server_kills, bytes=len(wanted), resumed=resumed, unseen=1, left=len(stray))
