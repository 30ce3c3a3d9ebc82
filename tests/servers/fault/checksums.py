"""The checksums of S3, from their definitions: an oracle, not a fast path."""

import base64
import hashlib
import zlib

NAMES = ("crc64nvme", "crc32", "crc32c", "sha256", "sha1")

try:  # thirty times faster where it is there; `test_servers.py` holds both equal
    from awscrt.checksums import crc64nvme as fast_crc64nvme
except ImportError:
    fast_crc64nvme = None


def _table(polynomial):
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        table.append(value)
    return table


CRC64NVME_TABLE = _table(0x9A6C9329AC4BC9B5)
CRC32C_TABLE = _table(0x82F63B78)


def _crc(table, ones, data):
    crc = ones
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ ones


def crc64nvme(data):
    return fast_crc64nvme(bytes(data)) if fast_crc64nvme else slow_crc64nvme(data)


def slow_crc64nvme(data):
    return _crc(CRC64NVME_TABLE, 0xFFFFFFFFFFFFFFFF, data)


def digest(name, data):
    """The raw bytes of a checksum, big-endian as S3 writes them."""
    if name == "crc64nvme":
        return crc64nvme(data).to_bytes(8, "big")
    if name == "crc32":
        return zlib.crc32(data).to_bytes(4, "big")
    if name == "crc32c":
        return _crc(CRC32C_TABLE, 0xFFFFFFFF, data).to_bytes(4, "big")
    return hashlib.new(name, data).digest()


def text(name, data):
    return base64.b64encode(digest(name, data)).decode()


def xml_name(name):
    return "Checksum" + name.upper()
