"""aws-crt-python's S3 client, without TLS; BENCH_CONNECTIONS limits its connections, else it chooses them.

Uploads carry a CRC64NVME trailer, downloads are compared with the checksums that the service sends.
"""

import os
from threading import Semaphore

from awscrt.auth import AwsCredentialsProvider
from awscrt.http import HttpHeaders, HttpRequest
from awscrt.s3 import (S3ChecksumAlgorithm, S3ChecksumConfig, S3ChecksumLocation, S3Client, S3RequestTlsMode, S3RequestType,
                       create_default_s3_signing_config)
from peer import drive

MAX_REQUESTS = 256  # tree: handed over at once; the client queues what has no connection


def client(there):
    provider = AwsCredentialsProvider.new_static(there.access_key, there.secret)
    connections = os.environ.get("BENCH_CONNECTIONS")
    return S3Client(region=there.region, tls_mode=S3RequestTlsMode.DISABLED,
                    signing_config=create_default_s3_signing_config(region=there.region, credential_provider=provider),
                    max_active_connections_override=int(connections) if connections else None)


def put(s3, there, key, path, **more):
    headers = HttpHeaders([("Host", there.netloc), ("Content-Length", str(os.path.getsize(path)))])
    checksum = S3ChecksumConfig(algorithm=S3ChecksumAlgorithm.CRC64NVME, location=S3ChecksumLocation.TRAILER)
    return s3.make_request(type=S3RequestType.PUT_OBJECT, send_filepath=str(path), checksum_config=checksum,
                           request=HttpRequest("PUT", f"/{there.bucket}/{key}", headers), **more)


def up(there, path):
    put(client(there), there, there.key, path).finished_future.result()


def down(there, path):
    request = HttpRequest("GET", f"/{there.bucket}/{there.key}", HttpHeaders([("Host", there.netloc)]))
    client(there).make_request(type=S3RequestType.GET_OBJECT, request=request, recv_filepath=path,
                               checksum_config=S3ChecksumConfig(validate_response=True)).finished_future.result()


def tree(there, paths):
    s3, room = client(there), Semaphore(MAX_REQUESTS)
    requests = []
    for path in paths:
        room.acquire()
        requests.append(put(s3, there, there.key + path.name, path, on_done=lambda **_: room.release()).finished_future)
    for finished in requests:
        finished.result()


drive(up, down, tree)
