"""smart_open with its defaults, on boto3."""

import boto3
import frame
import smart_open
from botocore.config import Config


def opened(name, mode):
    client = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
    return smart_open.open(name, mode, transport_params={"client": client})


def up(name, size):
    with opened(name, "wb") as file:
        for piece in frame.pieces(size):
            file.write(piece)


def down(name, _size):
    with opened(name, "rb") as file:
        return sum(len(data) for data in iter(lambda: file.read(1 << 20), b""))


def read(name, _size):
    with opened(name, "rb") as file:
        return frame.read_all(file)


frame.drive(up=up, down=down, read=read)
