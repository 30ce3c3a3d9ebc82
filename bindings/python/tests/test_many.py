"""Many files in one call."""

import asyncio
import threading

import pytest
import weir


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "tree" / "b").mkdir(parents=True)
    (tmp_path / "tree" / "one").write_bytes(b"1" * 1000)
    (tmp_path / "tree" / "b" / "two").write_bytes(b"2" * 70000)
    (tmp_path / "tree" / "b" / "x.tmp").write_bytes(b"3")
    return tmp_path


def test_a_tree_is_copied_and_each_item_is_told(tree):
    told = []
    seen = []
    summary = weir.copy_many(
        f"{tree}/tree/",
        f"{tree}/out/",
        recursive=True,
        filters=[("exclude", "*.tmp")],
        on_item=told.append,
        progress=seen.append,
    )
    assert (summary.copied, summary.failed, summary.bytes_copied, summary.all_found) == (2, 0, 71000, True)
    assert sorted(item.bytes for item in told) == [1000, 70000]
    assert all(item.outcome is weir.Outcome.DONE and item.receipt.bytes_stored == item.bytes for item in told)
    assert seen[-1] == summary
    assert (tree / "out" / "b" / "two").read_bytes() == b"2" * 70000 and not (tree / "out" / "b" / "x.tmp").exists()
    assert weir.copy_many(f"{tree}/tree/", f"{tree}/out/", recursive=True, update="size_and_time").kept == 2
    assert weir.copy_many(f"{tree}/tree/b/*", f"{tree}/more/", globs=True, dry_run=True).planned == 2


def test_what_fails_stops_no_other_and_is_told(tree):
    with pytest.raises(weir.Incomplete) as raised:
        weir.copy_many([tree / "tree" / "one", tree / "not there"], f"{tree}/out/")
    assert raised.value.summary.copied == 1 and raised.value.summary.failed == 1
    assert isinstance(raised.value.failures[0].error, FileNotFoundError)
    assert "1 of 2 were not copied" in str(raised.value)
    assert (tree / "out" / "one").exists()


def test_what_on_item_raises_stops_the_rest(tree):
    def refuse(_item):
        raise LookupError("not that one")

    with pytest.raises(LookupError, match="not that one"):
        weir.copy_many(f"{tree}/tree/", f"{tree}/out/", recursive=True, files=1, on_item=refuse)


def test_what_makes_no_sense(tree):
    with pytest.raises(ValueError):
        weir.copy_many([], f"{tree}/out/")
    with pytest.raises(ValueError):
        weir.copy_many("a", f"{tree}/out/", update="sometimes")
    with pytest.raises(ValueError):
        weir.copy_many("a", f"{tree}/out/", filters=[("with", "*")])
    with pytest.raises(TypeError):
        weir.copy_many("a", f"{tree}/out/", through="zstd")


def test_copies_stop_when_told(tree):
    many = tree / "many"
    many.mkdir()
    for number in range(500):
        (many / str(number)).write_bytes(b"x")
    first = threading.Event()
    copies = weir.start_many(f"{many}/", f"{tree}/out/", recursive=True, files=1, on_item=lambda _: first.set())
    assert first.wait(30)
    copies.cancel()
    with pytest.raises(weir.Cancelled):
        copies.result()
    assert copies.progress().copied < 500
    copies.close()
    with pytest.raises(weir.Closed):
        copies.progress()


def test_the_same_for_asyncio(tree):
    seen = []
    summary = asyncio.run(weir.aio.copy_many(f"{tree}/tree/", f"{tree}/out/", recursive=True, progress=seen.append))
    assert summary.copied == 3 and seen[-1] == summary
    with pytest.raises(weir.Incomplete):
        asyncio.run(weir.aio.copy_many(["x", tree / "tree" / "one"], f"{tree}/out/"))

    async def cancelled():
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def on_item(_item):
            loop.call_soon_threadsafe(begun.set)
            threading.Event().wait(0.01)

        for number in range(100):
            (tree / "tree" / str(number)).write_bytes(b"x")
        task = asyncio.create_task(
            weir.aio.copy_many(f"{tree}/tree/", f"{tree}/cut/", recursive=True, files=1, on_item=on_item)
        )
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert len(list((tree / "cut").iterdir())) < 100
