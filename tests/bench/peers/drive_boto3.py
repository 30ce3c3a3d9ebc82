"""boto3 (s3transfer): managed transfers with its defaults."""

from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from peer import AT_ONCE, drive


def client(there):
    return boto3.client("s3", endpoint_url=there.endpoint,
                        config=Config(s3={"addressing_style": "path"}, max_pool_connections=AT_ONCE))


def up(there, path):
    client(there).upload_file(path, there.bucket, there.key)


def down(there, path):
    client(there).download_file(there.bucket, there.key, path)


def tree(there, paths):
    s3 = client(there)  # clients are thread-safe

    def put(path):
        with open(path, "rb") as body:
            s3.put_object(Bucket=there.bucket, Key=there.key + path.name, Body=body)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(put, paths))


drive(up, down, tree)
