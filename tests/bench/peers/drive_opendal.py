"""opendal (Python binding): parts of 8 MiB, eight at once; it signs no payload and sends no checksum."""

import asyncio
import os

import opendal
from peer import AT_ONCE, MIB, drive

PART = 8 * MIB


def settings(there):
    return {"bucket": there.bucket, "endpoint": there.endpoint, "region": there.region, "access_key_id": there.access_key,
            "secret_access_key": there.secret, "disable_config_load": "true", "disable_ec2_metadata": "true"}


def up(there, path):
    operator = opendal.Operator("s3", **settings(there))
    with open(path, "rb", buffering=0) as source, operator.open(there.key, "wb", chunk=PART, concurrent=8) as target:
        while block := source.read(PART):
            target.write(block)


def down(there, path):
    operator = opendal.Operator("s3", **settings(there))
    with operator.open(there.key, "rb", chunk=PART, concurrent=8) as source, open(path, "wb", buffering=0) as target:
        while block := source.read(PART):
            target.write(block)


async def put_all(there, paths):
    operator = opendal.AsyncOperator("s3", **settings(there))
    waiting = iter(paths)

    async def work():
        for path in waiting:
            with open(path, "rb", buffering=0) as source:
                await operator.write(there.key + path.name, source.read(os.path.getsize(path)))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def tree(there, paths):
    asyncio.run(put_all(there, paths))


drive(up, down, tree)
