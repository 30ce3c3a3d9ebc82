"""obstore (Rust object_store) with its defaults."""

import asyncio
import os

import frame
import obstore
from obstore.store import S3Store


def store(name):
    bucket, key = frame.bucket_and_key(name)
    return S3Store(bucket, endpoint=os.environ["AWS_ENDPOINT_URL"], region=os.environ["AWS_REGION"],
                   access_key_id=os.environ["AWS_ACCESS_KEY_ID"], secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
                   virtual_hosted_style_request=False, client_options={"allow_http": True}), key


def up(name, size):
    there, key = store(name)
    obstore.put(there, key, frame.pieces(size))


def down(name, _size):
    there, key = store(name)
    return sum(len(block) for block in obstore.get(there, key).stream(min_chunk_size=1 << 20))


def read(name, _size):
    there, key = store(name)
    return frame.read_all(obstore.open_reader(there, key))


async def _many(name, count):
    there, key = store(name)
    numbers = iter(range(count))

    async def work():
        for number in numbers:
            await obstore.put_async(there, f"{key}{number:05}", frame.OBJECT)

    await asyncio.gather(*(work() for _ in range(frame.AT_ONCE)))


def many(name, count):
    asyncio.run(_many(name, count))


frame.drive(up=up, down=down, read=read, many=many)
