#!/usr/bin/env python3
"""Clients of others, unmodified, against `weir serve`: tus-js-client and tuspy, installed once into ${XDG_CACHE_HOME:-~/.cache}/weir.

    foreign_clients.py        WEIR_TEST_CLI names the command; exits with 77 and says what is missing where it cannot run
"""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "servers")]
from once import Failed, install_once, make_venv, say  # noqa: E402
from serving import Serving  # noqa: E402

TUS_JS = "4.3.1"
TUSPY = "1.1.0"


def npm_install(package):
    def make(final):
        final.mkdir()
        (final / "package.json").write_text('{"private": true}\n', encoding="utf-8")
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", package], cwd=final, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise Failed(f"npm could not install {package}:\n{done.stdout[-2000:]}")
    return make


def main():
    if not shutil.which("node") or not shutil.which("npm"):
        say("skipped: there is no node with npm")
        return 77
    try:
        modules = install_once(f"tus-js-client-{TUS_JS}", npm_install(f"tus-js-client@{TUS_JS}")) / "node_modules"
        python = install_once(f"tuspy-{TUSPY}", lambda final: make_venv(final, [f"tuspy=={TUSPY}"])) / "bin" / "python"
    except (Failed, OSError) as error:
        say(f"skipped: {error}")
        return 77
    failed = []
    for name, command in {"tus-js-client": ["node", HERE / "tus_js.mjs", modules, "{url}"],
                          "tuspy": [python, HERE / "tuspy_client.py", "{url}"]}.items():
        with Serving() as server:
            print(f"{name}:", flush=True)
            words = [str(word).replace("{url}", server.url + "/files") for word in command]
            if subprocess.run(words, check=False, timeout=200).returncode != 0:
                failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
