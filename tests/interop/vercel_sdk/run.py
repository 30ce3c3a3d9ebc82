#!/usr/bin/env python3
"""Proves the double of Vercel Blob with the official SDK, and compares that SDK's requests with weir's.

    run.py [PATH_OF_vercel_probe]

Needs Node 18 or later and npm, which installs @vercel/blob into ${XDG_CACHE_HOME:-~/.cache}/weir once. Exits with 77 and
says what is missing where it cannot run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "weir"
VERSION = "2.8.0"
SKIPPED = 77


def missing(what):
    print(f"vercel_sdk: skipped, {what}", file=sys.stderr)
    sys.exit(SKIPPED)


def find_node():
    node = shutil.which("node")
    if node is None:
        missing("there is no node (18 or later)")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < 18:
        missing(f"node is {version}, not 18 or later")
    return node


def install():
    """The folder that holds node_modules, made whole or not at all."""
    final = CACHE / f"vercel-blob-{VERSION}"
    if final.is_dir():
        return final
    npm = shutil.which("npm")
    if npm is None:
        missing(f"there is no npm to install @vercel/blob {VERSION} with")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".vercel-blob.", dir=CACHE) as scratch:
        made = Path(scratch) / "sdk"
        made.mkdir()
        (made / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        done = subprocess.run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", f"@vercel/blob@{VERSION}"], cwd=made,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            missing(f"npm could not install @vercel/blob {VERSION}:\n{done.stdout[-2000:]}")
        try:
            made.rename(final)
        except OSError:
            if not final.is_dir():  # else another was first
                raise
    return final


def main():
    node, sdk = find_node(), install()
    probe = sys.argv[1] if len(sys.argv) > 1 else ""
    servers = HERE.parents[1] / "servers" / "servers.py"
    tests = ["operations.mjs", "errors.mjs", "clients.mjs"] + (["same_requests.mjs"] if probe else [])
    failed = []
    for test in tests:
        command = [sys.executable, servers, "run", "vercel", "--", node, "--require", HERE / "webcrypto.cjs", HERE / test]
        environment = dict(os.environ, WEIR_VERCEL_SDK=str(sdk / "node_modules"), WEIR_VERCEL_PROBE=probe, VERCEL_BLOB_RETRIES="2")
        if subprocess.run(command, env=environment, check=False).returncode != 0:
            failed.append(test)
    if failed:
        print(f"vercel_sdk: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
