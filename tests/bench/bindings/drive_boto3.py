"""boto3 (s3transfer) with its defaults."""

from concurrent.futures import ThreadPoolExecutor

import boto3
import frame
from botocore.config import Config


def client():
    return boto3.client("s3", config=Config(s3={"addressing_style": "path"}, max_pool_connections=frame.AT_ONCE))


def up(name, size):
    client().upload_fileobj(frame.PiecesFile(size), *frame.bucket_and_key(name))


def down(name, _size):
    bucket, key = frame.bucket_and_key(name)
    body = client().get_object(Bucket=bucket, Key=key)["Body"]
    return sum(len(chunk) for chunk in body.iter_chunks(1 << 20))


def many(name, count):
    s3 = client()  # clients are thread-safe
    bucket, key = frame.bucket_and_key(name)
    with ThreadPoolExecutor(frame.AT_ONCE) as pool:
        list(pool.map(lambda n: s3.put_object(Bucket=bucket, Key=f"{key}{n:05}", Body=frame.OBJECT), range(count)))


frame.drive(up=up, down=down, many=many)
