"""GX's HTML reports, packed for the database and unpacked for a page that must not load GX."""

import pyarrow as pa

_LENGTH = 8


def packed(html: str) -> bytes:
    """Return a report as it is stored: its length (8 bytes, big-endian), then its bytes as zstd."""
    plain = html.encode()
    body = bytes(pa.Codec("zstd").compress(plain, asbytes=True))
    return len(plain).to_bytes(_LENGTH, "big") + body


def unpacked(report: bytes) -> bytes:
    """Return the HTML of a stored report."""
    size = int.from_bytes(report[:_LENGTH], "big")
    return bytes(pa.Codec("zstd").decompress(report[_LENGTH:], size, asbytes=True))
