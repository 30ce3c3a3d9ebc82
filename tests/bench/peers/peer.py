"""The frame of every driver here: DRIVER up URL FILE | down URL FILE | tree URL DIRECTORY.

URL is http://HOST:PORT/BUCKET/KEY (with `tree`, KEY is a prefix that ends in "/"). Prints one JSON object: wall and CPU
seconds of the transfer alone, so that starting Python and loading libraries are not held against a client.
"""

import json
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

AT_ONCE = 16  # small objects under way, where a client can be told
MIB = 1 << 20


@dataclass
class Where:
    endpoint: str  # http://HOST:PORT
    netloc: str
    bucket: str
    key: str
    access_key: str = os.environ.get("AWS_ACCESS_KEY_ID", "")
    secret: str = os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    region: str = os.environ.get("AWS_REGION", "")


def where(url):
    parts = urlsplit(url)
    bucket, _, key = parts.path.lstrip("/").partition("/")
    return Where(f"{parts.scheme}://{parts.netloc}", parts.netloc, bucket, key)


def cpu_s():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def files_below(directory):
    return [Path(entry.path) for entry in os.scandir(directory)]


def drive(up, down, tree):
    """Calls up(where, path), down(where, path) or tree(where, paths) as the command line says."""
    action, url, path = sys.argv[1:]
    there, cpu, wall = where(url), cpu_s(), time.monotonic()
    if action == "up":
        up(there, path)
    elif action == "down":
        down(there, path)
    else:
        tree(there, files_below(path))
    print(json.dumps({"wall_s": time.monotonic() - wall, "cpu_s": cpu_s() - cpu}), flush=True)
    os._exit(0)  # everything is done; opendal's threads abort now and then while Python takes itself down
