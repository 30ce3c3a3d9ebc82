"""Through an S3 server: what only a store of objects has, and what it says."""

import asyncio
import io
import urllib.request

import pytest
from conftest import S3, pattern

import weir
from weir import aio

DATA = pattern(12_000_003)


def test_an_object_keeps_what_it_was_stored_with(s3, s3_context):
    receipt = weir.upload(b"stored", s3("a"), context=s3_context, content_type="text/x-test", metadata={"origin": "Python"})
    assert receipt.checksum_verified and receipt.etag
    info = weir.head(s3("a"), context=s3_context)
    assert (info.size, info.content_type, info.metadata) == (6, "text/x-test", {"origin": "Python"})
    assert info.crc64nvme is not None and info.modified is not None
    assert weir.copy_inside(s3("a"), s3("b"), context=s3_context).name == s3("b")
    weir.remove(s3("a"), context=s3_context)
    weir.remove(s3("a"), context=s3_context)
    with pytest.raises(FileNotFoundError):
        weir.head(s3("a"), context=s3_context)
    assert weir.download(s3("b"), context=s3_context) == b"stored"


def test_a_presigned_url_is_for_anyone(s3, s3_context):
    weir.upload(b"public", s3("a"), context=s3_context)
    url = weir.presign(s3("a"), seconds=60, context=s3_context)
    assert urllib.request.urlopen(url).read() == b"public"
    assert weir.download(url) == b"public"


def test_a_listing(s3, s3_context):
    for key in ("a", "b/c", "b/d"):
        weir.upload(key.encode(), s3(key), context=s3_context)
    assert [entry.name for entry in weir.ls(s3(), context=s3_context)] == [s3("a"), s3("b/c"), s3("b/d")]
    folded = weir.ls(s3(), folders=True, context=s3_context)
    assert sorted((entry.name, entry.is_folder) for entry in folded) == [(s3("a"), False), (s3("b/"), True)]


def test_large_things_go_there_and_come_back(s3, s3_context):
    seen = []
    receipt = weir.upload((DATA[at : at + 99_999] for at in range(0, len(DATA), 99_999)), s3("large.zst"),
                          context=s3_context, through="zstd", part_bytes=5 << 20, progress=seen.append)
    assert receipt.bytes_read == len(DATA) and receipt.checksum_verified and seen[-1].ended
    assert weir.download(s3("large.zst"), context=s3_context, through="unzstd") == DATA


def test_an_object_is_a_file(s3, s3_context):
    weir.upload(DATA, s3("data"), context=s3_context)
    with weir.open(s3("data"), context=s3_context) as file:
        assert file.seek(-10, io.SEEK_END) == len(DATA) - 10 and file.read() == DATA[-10:]
        file.seek(100)
        assert file.read(7) == DATA[100:107]
    with weir.open(s3("text"), "w", context=s3_context) as file:
        file.write("words\n" * 10)
    with weir.open(s3("text"), "r", context=s3_context) as file:
        assert list(file) == ["words\n"] * 10
    with pytest.raises(FileNotFoundError):
        weir.open(s3("no"), context=s3_context)
    with pytest.raises(FileExistsError), weir.open(s3("text"), "x", context=s3_context) as file:
        file.write("other")


def test_an_upload_that_is_broken_off_leaves_nothing(s3, s3_context):
    with pytest.raises(KeyError):
        with weir.open(s3("half"), "wb", context=s3_context, part_bytes=5 << 20) as file:
            file.write(DATA)
            raise KeyError("mine")
    assert list(weir.ls(s3(), context=s3_context)) == []


def test_errors_are_in_the_stores_words(s3, s3_context):
    with pytest.raises(weir.NotFound) as caught:
        weir.upload(b"x", "s3://weir-no-such-bucket/key", context=s3_context)
    assert caught.value.http_status == 404 and caught.value.service_code == "NoSuchBucket"
    with pytest.raises(PermissionError):
        weir.upload(b"x", s3("a"), context=weir.Context(s3_endpoint_url=S3, credentials=lambda refused: ("AKID", "no", None)))
    with pytest.raises(weir.AccessDenied):
        weir.upload(b"x", s3("a"), context=weir.Context(s3_endpoint_url=S3, credentials=lambda refused: None))


def test_keys_come_from_a_function(s3):
    import os

    asked = []

    def keys(refused):
        asked.append(refused)
        return os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], None

    context = weir.Context(s3_endpoint_url=S3, credentials=keys)
    weir.upload(b"x", s3("a"), context=context)
    assert asked and asked[0] is False


def test_what_passes_is_ridden_out(s3, s3_context, script):
    script({"op": "UploadPart", "action": "status", "status": 503, "code": "SlowDown", "key": s3("large").split("/", 3)[3], "times": 2})
    receipt = weir.upload(DATA, s3("large"), context=s3_context, part_bytes=5 << 20)
    assert receipt.retries >= 2 and receipt.checksum_verified


def test_what_does_not_pass_is_told(s3, s3_context, script):
    script({"op": "PutObject", "action": "status", "status": 403, "code": "AccessDenied", "key": s3("denied").split("/", 3)[3]})
    with pytest.raises(PermissionError) as caught:
        weir.upload(b"x", s3("denied"), context=s3_context)
    assert caught.value.service_code == "AccessDenied" and caught.value.request_id


def test_many_at_once_by_await(s3, s3_context):
    async def main():
        await asyncio.gather(*[aio.upload(b"%d" % i, s3(f"{i:03}"), context=s3_context) for i in range(100)])
        names = [entry.name async for entry in aio.ls(s3(), context=s3_context)]
        assert len(names) == 100
        assert await asyncio.gather(*[aio.download(name, context=s3_context) for name in names]) == [b"%d" % i for i in range(100)]

    asyncio.run(main())
