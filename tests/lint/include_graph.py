#!/usr/bin/env python3
"""Holds the arrows between the rooms: core <- stages, codec, platform <- net <- store <- ledger <- transfer <- text <- server <- abi.

    include_graph.py [ROOT]

Prints each offence as file:line and exits 1. A room may include its own floor and those below; cli uses public headers only;
public headers include no private one; nothing in core knows that files, sockets or HTTP exist.
"""

import re
import sys
from pathlib import Path

FLOORS = [{"core"}, {"stages", "codec", "platform"}, {"net"}, {"store"}, {"ledger"}, {"transfer"}, {"text"}, {"server"}, {"abi"}]
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
TOP = len(FLOORS)
# What would let files, sockets, HTTP or a third library into core.
CORE_MUST_NOT = re.compile(
    r"<(sys/(?!mman\.h).*|netinet/.*|arpa/.*|netdb\.h|unistd\.h|fcntl\.h|poll\.h|dirent\.h|fstream|filesystem|cstdio|stdio\.h|iostream"
    r"|curl/.*|openssl/.*|pugixml.*|zstd.*|xxhash.*|zlib\.h|sqlite3.*|boost/.*|nlohmann/.*|CLI/.*)>")
INCLUDE = re.compile(r'^\s*#\s*include\s+("([^"]+)"|(<[^>]+>))')
SUFFIXES = {".hpp", ".cpp", ".h", ".c"}


def room_of(path):
    """The room of "weir/core/x.hpp" or "net/x.hpp"; "" for the umbrella headers."""
    parts = path.removeprefix("weir/").split("/")
    return parts[0] if len(parts) > 1 else ""


def offence(public, room, included, own_folder):
    """What is wrong with one quoted or weir include, or None."""
    is_public = included.startswith("weir/")
    target = room_of(included)
    if not is_public and "/" not in included and (own_folder / included).exists():
        return None  # beside the file itself
    if public and not is_public:
        return f"a public header includes the private {included}"
    if room == "cli":
        return None if is_public or target == "cli" else f"cli includes the private {included}"
    if target == "":
        if room == "" or room == "abi" and included == "weir/weir.h":  # the room that weir.h declares
            return None
        return f"{room} includes the umbrella header {included}"
    if target not in FLOOR_OF:
        return f"{included} is in no known room"
    if FLOOR_OF[target] > FLOOR_OF.get(room, TOP):
        return f"{room} includes {target}, which stands above it"
    return None


def check(root):
    offences, count = [], 0
    for base in (root / "include" / "weir", root / "src"):
        public = base.name == "weir"
        for path in sorted(path for path in base.rglob("*") if path.suffix in SUFFIXES):
            count += 1
            room = room_of(str(path.relative_to(base)))
            if room not in FLOOR_OF and room not in ("cli", ""):
                offences.append(f"{path.relative_to(root)}:1: {room} is no known room")
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                found = INCLUDE.match(line)
                if not found:
                    continue
                quoted, system = found.group(2), found.group(3)
                wrong = None
                if system and system.startswith("<weir/"):
                    quoted = system[1:-1]
                if quoted:
                    wrong = offence(public, room, quoted, path.parent)
                elif room == "core" and CORE_MUST_NOT.fullmatch(system):
                    wrong = f"core includes {system}"
                if wrong:
                    offences.append(f"{path.relative_to(root)}:{number}: {wrong}")
    return offences, count


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
    offences, count = check(root)
    print("\n".join(offences) or f"{count} files keep the arrows")
    return 1 if offences or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
