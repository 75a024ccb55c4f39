"""Payloads: the bytes of a file kept as they came, in parts, and given back."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO
from uuid import UUID, uuid4

import pyarrow as pa
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
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


def keep_bodies(session: Session, provider: str, bodies: Sequence[bytes]) -> list[UUID]:
    """Store bytes as they came, once each however often they come, and return their payloads' ids."""
    digests = [hashlib.sha256(body).hexdigest() for body in bodies]
    by_digest = dict(zip(digests, bodies, strict=True))
    if not by_digest:
        return []
    rows = [_payload(provider, digest, body) for digest, body in by_digest.items()]
    made = session.execute(
        upsert(Payload).on_conflict_do_nothing().returning(Payload.id, Payload.sha256), rows
    ).all()
    parts = [part for id_, digest in made for part in _parts_of(id_, by_digest[digest])]
    if parts:
        session.execute(insert(PayloadPart), parts)
    known = session.execute(
        select(Payload.sha256, Payload.id).where(
            Payload.provider == provider, Payload.sha256.in_(by_digest)
        )
    )
    ids = {digest: id_ for digest, id_ in known}  # noqa: C416
    return [ids[digest] for digest in digests]


def _payload(provider: str, digest: str, body: bytes) -> dict[str, object]:
    return {
        "id": uuid4(),
        "provider": provider,
        "sha256": digest,
        "size": len(body),
        "received_at": clock.now(),
    }


def _parts_of(payload_id: UUID, body: bytes) -> Iterable[dict[str, object]]:
    codec = pa.Codec("zstd")
    for number, start in enumerate(range(0, len(body), PART_BYTES)):
        part = body[start : start + PART_BYTES]
        packed = codec.compress(part, asbytes=True)
        yield {"payload_id": payload_id, "part": number, "size": len(part), "body": packed}


def _parts(stream: BinaryIO) -> Iterator[bytes]:
    while part := stream.read(PART_BYTES):
        yield part
