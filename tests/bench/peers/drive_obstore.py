"""obstore (Rust object_store) with its defaults: it signs payloads with SHA-256."""

import asyncio
from pathlib import Path

import obstore
from obstore.store import S3Store
from peer import AT_ONCE, MIB, drive


def store(there):
    return S3Store(there.bucket, endpoint=there.endpoint, region=there.region, access_key_id=there.access_key,
                   secret_access_key=there.secret, virtual_hosted_style_request=False,
                   client_options={"allow_http": True})


def up(there, path):
    obstore.put(store(there), there.key, Path(path))


def down(there, path):
    with open(path, "wb", buffering=0) as target:
        for block in obstore.get(store(there), there.key).stream(min_chunk_size=MIB):
            target.write(block)


async def put_all(there, paths):
    target, waiting = store(there), iter(paths)

    async def work():
        for path in waiting:
            await obstore.put_async(target, there.key + path.name, path)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def tree(there, paths):
    asyncio.run(put_all(there, paths))


drive(up, down, tree)
