#!/usr/bin/env python3
"""A program with an event loop of its own reads weir without a thread and without waiting: own_event_loop.py SOURCE...

The loop watches a file descriptor, which is readable as long as there is something to take. Here it is asyncio's; select,
epoll and GLib do the same. (`weir.aio` does this for coroutines.)"""

import asyncio
import hashlib
import sys

import weir


async def digest(source: str) -> str:
    """The SHA-256 of what a source gives, taken as it comes."""
    loop, sha256 = asyncio.get_running_loop(), hashlib.sha256()
    ended: "asyncio.Future[None]" = loop.create_future()
    pull = weir.source(source).pull()

    def ready() -> None:
        try:
            chunk = pull.try_chunk()
        except weir.BrokenPipe:
            chunk = memoryview(b"")  # the job says why
        if chunk:
            sha256.update(chunk)
        elif chunk is not None and not ended.done():  # an empty one is the end
            ended.set_result(None)

    loop.add_reader(pull.fd(), ready)
    try:
        await ended
        await pull.job
        return sha256.hexdigest()
    finally:
        loop.remove_reader(pull.fd())
        pull.free()


async def main() -> None:
    digests = await asyncio.gather(*[digest(source) for source in sys.argv[1:]])  # all at once
    for source, told in zip(sys.argv[1:], digests):
        print(told, source)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except weir.Error as error:
        sys.exit(str(error))
