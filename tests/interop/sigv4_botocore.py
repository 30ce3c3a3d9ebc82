#!/usr/bin/env python3
"""Compares weir's signatures with botocore's on random requests.

usage: sigv4_botocore.py PROBE [--count N] [--seed S]

Needs botocore. Prints the seed first, so that a failure can be repeated; exits 1 at the first difference.
"""
import argparse
import datetime
import json
import random
import subprocess
import sys
import unicodedata

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from botocore.utils import percent_encode, percent_encode_sequence

PIECES = [
    "a", "Z", "0", "-", "_", ".", "~", " ", "+", "%", "%2F", "%20", "%zz", "/", "//", "../", "./", "?", "#", "&", "=",
    ";", ":", "@", "!", "$", "'", "(", ")", "*", ",", "[", "]", "\\", "|", "^", "`", "{", "}", "<", ">", '"', "\U0001f600",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é"),
    "ß", "漢字", "\u202e", "\x7f", "\x01", "\t",
]
QUERY_NAMES = ["uploads", "partNumber", "uploadId", "prefix", "delimiter", "list-type", "max-keys", "marker"]
METHODS = ["GET", "PUT", "HEAD", "POST", "DELETE"]


def text(rng, longest):
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(0, longest)))


def header_value(rng):
    words = ["".join(rng.choice("abcXYZ019-_./=+;,") for _ in range(rng.randint(1, 8))) for _ in range(rng.randint(1, 4))]
    return rng.choice(["", " ", "  "]) + rng.choice([" ", "  ", "   "]).join(words) + rng.choice(["", " "])


def random_request(rng):
    query = [(rng.choice(QUERY_NAMES) if rng.random() < 0.5 else text(rng, 4) or "q", text(rng, 6) if rng.random() < 0.8 else "")
             for _ in range(rng.randint(0, 6))]
    headers = [(rng.choice(["x-amz-meta-", "X-Amz-Meta-"]) + str(i), header_value(rng)) for i in range(rng.randint(0, 4))]
    if rng.random() < 0.3:
        headers.append(("Range", f"bytes={rng.randint(0, 99)}-"))
    if rng.random() < 0.3:
        headers.append(("User-Agent", "anything"))
    if rng.random() < 0.2:
        headers += [("x-amz-meta-twice", "one"), ("x-amz-meta-twice", "two")]
    key = text(rng, 12) if rng.random() < 0.95 else text(rng, 300)
    return {
        "method": rng.choice(METHODS), "key": key, "query": query, "headers": headers,
        "host": rng.choice(["bucket.s3.amazonaws.com", "localhost:9000", "[::1]:9000", "10.0.0.1"]),
        "payload_hash": rng.choice(["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "ab" * 32]),
        "id": "AKIA" + str(rng.randint(0, 10**9)), "secret": "".join(rng.choice("abc/+XYZ") for _ in range(40)),
        "token": rng.choice(["", "FwoGZXIvYXdzE//+=="]), "region": rng.choice(["us-east-1", "auto", "eu-central-1"]),
        "time": rng.randint(10**9, 2 * 10**9), "expires": rng.randint(1, 604800),
    }


def url_of(asked, query):
    url = "http://" + asked["host"] + "/" + percent_encode(asked["key"], safe="/~")
    return url + ("?" + percent_encode_sequence(query) if query else "")


def expected(asked, auth_class):
    """botocore's signature; its query signer keeps only the first of repeated names, so it is given no repetition."""
    now = datetime.datetime.fromtimestamp(asked["time"], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *args, **kwargs: now
    headers = HTTPHeaders()
    for name, value in asked["headers"]:
        headers.add_header(name, value)
    request = AWSRequest(method=asked["method"], url=url_of(asked, asked["query"]))
    request.headers = headers
    credentials = Credentials(asked["id"], asked["secret"], asked["token"] or None)
    if auth_class is botocore.auth.S3SigV4QueryAuth:
        auth_class(credentials, "s3", asked["region"], asked["expires"]).add_auth(request)
        return request.url.rsplit("X-Amz-Signature=", 1)[1]
    signer = auth_class(credentials, "s3", asked["region"])
    signer.payload = lambda _: asked["payload_hash"]
    signer.add_auth(request)
    return request.headers["Authorization"].rsplit("Signature=", 1)[1]


def without_repetition(asked):
    return {**asked, "query": list(dict(asked["query"]).items())}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("probe")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    rng = random.Random(options.seed)
    requests = [random_request(rng) for _ in range(options.count)]
    requests = requests + [without_repetition(r) for r in requests]
    lines = "".join(json.dumps(r) + "\n" for r in requests)
    output = subprocess.run([options.probe], input=lines, capture_output=True, text=True, check=True).stdout
    answers = [json.loads(line) for line in output.splitlines()]
    if len(answers) != len(requests):
        sys.exit(f"{len(requests)} requests, but {len(answers)} answers")
    for index, (asked, answer) in enumerate(zip(requests, answers)):
        want = {"headers": expected(asked, botocore.auth.S3SigV4Auth)}
        if index >= options.count:
            want["query"] = expected(asked, botocore.auth.S3SigV4QueryAuth)
        for form, signature in want.items():
            if answer[form] != signature:
                sys.exit(f"signature in {form} differs: {signature} is botocore's, {answer[form]} ours, for\n"
                         + json.dumps(asked, indent=1) + f"\nour path {answer['path']}")
    print(f"{options.count} requests signed alike, in headers and in queries")


if __name__ == "__main__":
    main()
