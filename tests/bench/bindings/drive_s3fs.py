"""s3fs (fsspec, aiobotocore) with its defaults."""

import os

import frame
import s3fs


def opened(name, mode):
    return s3fs.S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL"]).open(name, mode)


def up(name, size):
    with opened(name, "wb") as file:
        for piece in frame.pieces(size):
            file.write(piece)


def read(name, _size):
    with opened(name, "rb") as file:
        return frame.read_all(file)


frame.drive(up=up, read=read)
