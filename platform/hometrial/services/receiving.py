"""Payloads: the bytes of a file kept as they came, in parts, and given back."""

import hashlib
import io
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Payload, PayloadPart
from hometrial_ingest.reader import SourceFile

PART_BYTES = 4 * 1024 * 1024


def sha256_of(file: SourceFile) -> str:
    """Return the SHA-256 of a file's unpacked bytes, read as a stream."""
    digest = hashlib.sha256()
    with file.open() as stream:
        for part in _parts(stream):
            digest.update(part)
    return digest.hexdigest()


def find(session: Session, provider: str, sha256: str) -> Payload | None:
    """Return the payload with these bytes if it was received before."""
    return session.scalars(
        select(Payload).where(Payload.provider == provider, Payload.sha256 == sha256)
    ).one_or_none()


def keep(session: Session, file: SourceFile, *, provider: str, sha256: str) -> Payload:
    """Store a file's unpacked bytes, compressed in parts, and return the payload."""
    payload = Payload(provider=provider, sha256=sha256, size=file.size, received_at=clock.now())
    session.add(payload)
    session.flush()
    codec = pa.Codec("zstd")
    with file.open() as stream:
        for number, part in enumerate(_parts(stream)):
            body = codec.compress(part, asbytes=True)
            session.execute(
                insert(PayloadPart),
                [{"payload_id": payload.id, "part": number, "size": len(part), "body": body}],
            )
    return payload


def read(session: Session, payload: Payload) -> BinaryIO:
    """Return a payload's bytes as they came."""
    codec = pa.Codec("zstd")
    body = io.BytesIO()
    for part in session.scalars(
        select(PayloadPart).where(PayloadPart.payload_id == payload.id).order_by(PayloadPart.part)
    ):
        body.write(codec.decompress(part.body, part.size, asbytes=True))
    body.seek(0)
    return body


def _parts(stream: BinaryIO) -> Iterator[bytes]:
    while part := stream.read(PART_BYTES):
        yield part
