"""What others make of our file objects: Parquet is read from its end, csv from its front."""

import pytest

import weir

pyarrow = pytest.importorskip("pyarrow")


def table():
    return pyarrow.table({"number": list(range(100_000)), "text": [f"text {i}" for i in range(100_000)]})


def test_parquet_is_written_and_read(tmp_path):
    import pyarrow.parquet

    with weir.open(tmp_path / "t.parquet", "wb") as file:
        pyarrow.parquet.write_table(table(), file)
    with weir.open(tmp_path / "t.parquet") as file:
        assert pyarrow.parquet.read_table(file).equals(table())
        assert pyarrow.parquet.ParquetFile(file).metadata.num_rows == 100_000


def test_csv_is_read_through_stages(tmp_path):
    import pyarrow.csv

    with weir.open(tmp_path / "t.csv.zst", "wb", through="zstd") as file:
        pyarrow.csv.write_csv(table(), file)
    with weir.open(tmp_path / "t.csv.zst", through="unzstd") as file:
        assert pyarrow.csv.read_csv(file).equals(table())


def test_through_s3_and_fsspec(s3, s3_context):
    pytest.importorskip("fsspec")
    import pyarrow.parquet

    from weir.fs import WeirFileSystem

    fs = WeirFileSystem(context=s3_context)
    pyarrow.parquet.write_table(table(), s3("t.parquet"), filesystem=fs)
    assert pyarrow.parquet.read_table(s3("t.parquet"), filesystem=fs).equals(table())
