"""Runs the weir command for tests: plain, on a terminal, and with its JSON checked against docs/cli-events.schema.json."""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
from pathlib import Path

WEIR = os.environ.get("WEIR_BIN") or os.environ.get("WEIR_TEST_CLI") or sys.exit("WEIR_BIN names the weir command")
SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "cli-events.schema.json").read_text())
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int, "number": (int, float)}
TIMEOUT_S = 60
STATE = tempfile.TemporaryDirectory(prefix="weir-cli-state-")


def environment(**changes):
    """A plain one: no WEIR_ or AWS_ variables, no terminal wishes."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("WEIR_", "AWS_", "LC_")) and name not in ("NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "LANG")}
    kept.update({"TERM": "xterm", "LC_ALL": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent",
                 "XDG_STATE_HOME": STATE.name})
    kept.update({name: value for name, value in changes.items() if value is not None})
    return kept


def weir(*arguments, env=None, stdin=b"", **options):
    """Runs to the end. Output is bytes."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.run([WEIR, *map(str, arguments)], env=environment(**(env or {})), input=stdin, timeout=TIMEOUT_S, check=False,
                          **options)


def spawn(*arguments, env=None, **options):
    return subprocess.Popen([WEIR, *map(str, arguments)], env=environment(**(env or {})), **options)


def problem(value, schema, at="event"):
    """What of `value` breaks `schema` (the part of JSON Schema that ours uses); None if nothing."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if "const" in schema and value != schema["const"]:
        return f"{at} is {value!r}, not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{at} is {value!r}, none of {schema['enum']}"
    types = schema.get("type")
    types = [types] if isinstance(types, str) else types
    if types and not any(isinstance(value, TYPES[t]) and (t == "boolean" or not isinstance(value, bool)) for t in types):
        return f"{at} is {value!r}, not of {types}"
    if "minimum" in schema and value is not None and value < schema["minimum"]:
        return f"{at} is {value!r}, less than {schema['minimum']}"
    if isinstance(value, dict):
        missing = [name for name in schema.get("required", []) if name not in value]
        if missing:
            return f"{at} lacks {missing}"
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        if known and rest is None and set(value) - set(known):
            return f"{at} has {set(value) - set(known)}, which the schema does not describe"
        return next(filter(None, (problem(v, known.get(k, rest or {}), f"{at}.{k}") for k, v in value.items())), None)
    if isinstance(value, list):
        return next(filter(None, (problem(v, schema.get("items", {}), f"{at}[]") for v in value)), None)
    return None


def events(output):
    """The events of NDJSON output, each checked against the schema."""
    found = []
    for line in output.decode().splitlines():
        event = json.loads(line)
        definition = SCHEMA["$defs"].get(event.get("event"))
        wrong = problem(event, definition) if definition else f"no event {event.get('event')!r} is described"
        if wrong:
            raise AssertionError(f"{wrong} in {line}")
        found.append(event)
    return found


class Terminal:
    """A pseudo-terminal to be somebody's standard error."""

    def __init__(self, columns=120):
        self.master, self.slave = pty.openpty()
        self.resize(columns)
        self.output = b""

    def resize(self, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def read(self, seconds):
        """Takes what comes within `seconds`."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.master], [], [], left)[0]:
                break
            try:
                self.output += os.read(self.master, 65536)
            except OSError:
                break
        return self.output

    def close(self):
        os.close(self.slave)
        os.close(self.master)


class CommandTest(unittest.TestCase):
    """Each test in a folder of its own, which must hold no temporary file at the end."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.addCleanup(self.no_temporary_files)

    def no_temporary_files(self):
        left = [str(path) for path in self.folder.rglob("*.weir-part")]
        self.assertEqual(left, [])

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def refuses(self, code, *arguments, says=(), **options):
        """Runs; expects this exit code and one message in weir's form that holds all of `says`."""
        done = weir(*arguments, **options)
        text = done.stderr.decode()
        self.assertEqual(done.returncode, code, text)
        self.assertRegex(text, r"\Aweir: cannot [^\n]+\n(      [^\n]+\n)*\Z")
        for expected in [says] if isinstance(says, str) else says:
            self.assertIn(expected, text)
        return done

    def waits_for(self, condition, what, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"{what} did not happen in {seconds} s")
            time.sleep(0.01)
