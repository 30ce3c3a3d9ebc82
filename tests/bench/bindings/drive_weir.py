"""weir's own package."""

import asyncio

import frame
import weir


def up(name, size):
    weir.upload(frame.pieces(size), name)


def down(name, _size):
    return sum(len(chunk) for chunk in weir.source(name))


def read(name, _size):
    with weir.open(name, buffering=0) as file:
        return frame.read_all(file)


async def _many(name, count):
    numbers = iter(range(count))

    async def work():
        for number in numbers:
            await weir.aio.upload(frame.OBJECT, f"{name}{number:05}")

    await asyncio.gather(*(work() for _ in range(frame.AT_ONCE)))


def many(name, count):
    asyncio.run(_many(name, count))


frame.drive(up=up, down=down, read=read, many=many)
