"""tuspy, as PyPI has it, against a server:  tuspy_client.py URL"""

import hashlib
import io
import sys
import urllib.request

from tusclient.client import TusClient

MIB = 1 << 20


def main(url):
    client = TusClient(url)
    body = hashlib.shake_128(b"tuspy").digest(11 * MIB + 3)
    for name, options in {"in one piece": {}, "in pieces": {"chunk_size": MIB},
                          "in pieces with checksums": {"chunk_size": 2 * MIB, "upload_checksum": True}}.items():
        uploader = client.uploader(file_stream=io.BytesIO(body), metadata={"filename": "a b.bin"}, **options)
        uploader.upload()
        with urllib.request.urlopen(uploader.url) as answer:
            assert answer.read() == body, name
        print("ok    ", name)
    first = client.uploader(file_stream=io.BytesIO(body), chunk_size=4 * MIB)
    first.upload_chunk()
    second = client.uploader(file_stream=io.BytesIO(body), url=first.url)
    assert second.offset == 4 * MIB, second.offset
    second.upload()
    with urllib.request.urlopen(second.url) as answer:
        assert answer.read() == body
    print("ok     gone on with by another")


if __name__ == "__main__":
    main(sys.argv[1])
