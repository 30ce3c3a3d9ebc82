#!/usr/bin/env python3
"""Starts `weir serve`, kills it, and starts it again where it was.

    serving.py [SERVE-OPTIONS] -- COMMAND...      {url} in COMMAND stands for where it is; exits as COMMAND does

The program is the one that WEIR_TEST_CLI names.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path


class Serving:
    """with Serving("--max-size", "1GiB") as server: server.url, server.kill(), server.start(). Data in server.to, a folder or `to`."""

    def __init__(self, *options, folder=None, to=None):
        self.program = os.environ.get("WEIR_TEST_CLI") or sys.exit("WEIR_TEST_CLI names the weir command")
        self.scratch = None if folder else tempfile.TemporaryDirectory(prefix="weir-serve.")
        folder = Path(folder or self.scratch.name)
        self.to, self.state, self.options = to or folder / "data", folder / "state", options
        self.listen = "127.0.0.1:0"
        self.process = None

    def start(self):
        command = [self.program, "serve", "--listen", self.listen, "--to", self.to, "--state-dir", self.state, *self.options]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WEIR_") or name == "WEIR_TEST_CLI"}
        self.process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True, env=environment)
        line = self.process.stdout.readline()
        if "://" not in line:
            raise RuntimeError(f"{command} does not serve: exit {self.process.wait()}")
        self.url = line.split()[1].rstrip(":")
        self.listen = self.url.removeprefix("http://")  # the same when it is started again
        return self

    def _end(self, how):
        if self.process is None:
            return None
        self.process.send_signal(how)
        status = self.process.wait(30)
        self.process.stdout.close()
        self.process = None
        return status

    def kill(self):
        self._end(signal.SIGKILL)

    def stop(self):
        return self._end(signal.SIGTERM)

    @property
    def peak_rss(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
        return 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
        if self.scratch:
            self.scratch.cleanup()


def main(words):
    if "--" not in words:
        sys.exit(__doc__)
    at = words.index("--")
    with Serving(*words[:at]) as server:
        command = [word.replace("{url}", server.url) for word in words[at + 1:]]
        status = subprocess.run(command, check=False).returncode
        ended = server.stop()
    if ended != 0:
        print(f"serving.py: the server ended with {ended}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
