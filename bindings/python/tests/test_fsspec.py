"""The fsspec filesystem, through an S3 server and on files."""

import pytest

import weir

fsspec = pytest.importorskip("fsspec")


def work(fs, root):
    with fs.open(f"{root}/a.txt", "wb") as file:
        file.write(b"one\ntwo\n")
    with fs.open(f"{root}/b/c.txt", "w") as file:
        file.write("three")
    assert fs.cat(f"{root}/a.txt") == b"one\ntwo\n"
    assert fs.cat_file(f"{root}/a.txt", start=4, end=7) == b"two"
    assert fs.exists(f"{root}/b/c.txt") and not fs.exists(f"{root}/no")
    assert fs.isdir(f"{root}/b") and fs.isfile(f"{root}/a.txt") and fs.size(f"{root}/a.txt") == 8
    assert sorted(fs.ls(root, detail=False)) == [f"{root}/a.txt", f"{root}/b"]
    assert sorted(fs.find(root)) == [f"{root}/a.txt", f"{root}/b/c.txt"]
    fs.copy(f"{root}/a.txt", f"{root}/d.txt")
    fs.rm(f"{root}/a.txt")
    assert sorted(fs.find(root)) == [f"{root}/b/c.txt", f"{root}/d.txt"]
    with pytest.raises(FileNotFoundError):
        fs.open(f"{root}/a.txt")


def test_on_s3(s3, s3_context):
    from weir.fs import WeirFileSystem

    work(WeirFileSystem(context=s3_context), s3("tree"))


def test_on_files(tmp_path):
    from weir.fs import WeirFileSystem

    (tmp_path / "tree" / "b").mkdir(parents=True)
    work(WeirFileSystem(), f"{tmp_path}/tree")


def test_names_are_stripped():
    from weir.fs import WeirFileSystem

    assert WeirFileSystem._strip_protocol("weir://s3://bucket/key") == "s3://bucket/key"
    assert weir.__version__
