"""Rounds of kill_and_resume.py whose pipeline ends in several objects: each branch is a job of its own, and goes on by itself."""

from collections import Counter

from rounds import MIB, PARTS_AT_ONCE, Round, Wrong, check_no_upload_left, check_nothing_left, copy, rng, target

KEYS = "abc"


def lines_of(size):
    """Text whose first field is one of a few keys."""
    lines = []
    while size > 0:
        lines.append(f"{rng.choice(KEYS)},{rng.randbytes(rng.randrange(200, 5000)).hex()}\n".encode())
        size -= len(lines[-1])
    return lines


def play_branches(number, folder, relay):
    """One round; its kind, and what it counted."""
    url, options = target(number)
    url = url.removesuffix(".bin")
    lines = lines_of(rng.randrange(11 * MIB, 30 * MIB))
    data = b"".join(lines)
    path, state = folder / "lines", folder / "state"
    path.write_bytes(data)
    part, pace = rng.choice([5, 6, 8]) * MIB, rng.choice([30, 60, 120])
    stage = rng.choice(["tee", "split"])
    if stage == "tee":
        spec = f"'{path}' | sha256 | tee '{url} one' '{url} two'"
        wanted = {"one": data, "two": data}
    else:
        spec = f"""'{path}' | lines | split "'{url} /{{key}}'" field=1"""
        wanted = {f"/{key}": b"".join(line for line in lines if line.startswith(key.encode())) for key in KEYS}
    one = Round(relay, [spec, *options, "--part-size", str(part), "--concurrency", str(PARTS_AT_ONCE), "--limit-rate", f"{pace}MiB"],
                state, verb="run")
    one.play(len(data), pace * MIB, None)
    back = folder / "back"
    for name, what in wanted.items():
        copy(f"{url} {name}", back, *options, state=state)
        if back.read_bytes() != what:
            raise Wrong(f"{name} of a {stage} is not what it should be")
        back.unlink()
    check_nothing_left(state)
    check_no_upload_left()
    path.unlink()
    size = sum(map(len, wanted.values()))
    # A branch that was whole is made again: its bytes are.
    return ("a file into several", stage), Counter(kills=one.kills, server_kills=one.server_kills, bytes=size, unseen=1,
                                                   orphans=len(one.orphans))
