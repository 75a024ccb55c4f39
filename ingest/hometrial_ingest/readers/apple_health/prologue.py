"""The bytes of an export made fit for an XML parser: without document type, without control characters.

Apple's document type declaration is of no use to a reader, and since iOS 16 it is often not well-formed
(HealthKit Export Version 12 leaves `>` out of some ATTLIST declarations). It is therefore never parsed:
it is looked through for entities, which are refused, and blanked with its line breaks kept.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from hometrial_ingest.errors import UnreadableFileError

_HEAD_BYTES = 1 << 20  # the declaration is about 10 kB in HealthKit Export Version 14
_CHUNK_BYTES = 1 << 16
_DOCTYPE = re.compile(rb"<!DOCTYPE\s(?P<outside>[^\[>]*)(?:\[.*?\]\s*)?>", re.DOTALL)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_ELEMENT = re.compile(rb"<(?P<name>[A-Za-z_][\w.:-]*)")
NEW_EXPORT = "make a new export on the phone (Health, profile picture, Export All Health Data)"
NOT_APPLE = "this is no file of Apple's; find out where it comes from and do not open it elsewhere"

# XML 1.0 has no control characters, yet apps write some into their names (iOS 16: vertical tab). A
# question mark keeps the file readable and cannot make a number or a date of what was none. NUL stays:
# a run of NUL is a damaged disk, and that must not be read over.
_CONTROL = bytes(code for code in range(1, 32) if code not in b"\t\n\r")
_WITHOUT_CONTROL = bytes.maketrans(_CONTROL, b"?" * len(_CONTROL))


def clean_pieces(stream: BinaryIO, path: str) -> Iterator[bytes]:
    """Yield the bytes of an export piece by piece, line for line, with nothing in them that is not plain XML.

    Raises UnreadableFileError for another encoding than UTF-8, for entities and for references to
    other files.
    """
    head = _head(stream)
    if b"\0" in head[:8]:  # what every other encoding of "<" has, and what hides a document type
        raise UnreadableFileError(path, "the file is not in UTF-8", NEW_EXPORT, value=head[:8])
    yield _without_doctype(head, path).translate(_WITHOUT_CONTROL)
    while piece := stream.read(_CHUNK_BYTES):
        yield piece.translate(_WITHOUT_CONTROL)


def root_element(stream: BinaryIO) -> str | None:
    """Return the name of the root element; None if the beginning shows none that could be read."""
    found = _ELEMENT.search(_COMMENT.sub(b"", _head(stream)))
    return None if found is None else found["name"].decode()


def _head(stream: BinaryIO) -> bytes:
    head = bytearray()  # a stream may give less than it is asked for before it ends
    while len(head) < _HEAD_BYTES and (piece := stream.read(_HEAD_BYTES - len(head))):
        head += piece
    return bytes(head)


def _without_doctype(head: bytes, path: str) -> bytes:
    begin, root = head.find(b"<!DOCTYPE"), head.find(b"<HealthData")
    if begin < 0 or 0 <= root < begin:
        return head
    found = _DOCTYPE.match(head, begin)
    if found is None:
        raise UnreadableFileError(
            path,
            "the document type declaration has no end",
            NEW_EXPORT,
            line=head.count(b"\n", 0, begin) + 1,
        )
    _refuse_entities(head, found, path)
    return head[:begin] + b"\n" * found.group().count(b"\n") + head[found.end() :]


def _refuse_entities(head: bytes, doctype: re.Match[bytes], path: str) -> None:
    entity = head.find(b"<!ENTITY", doctype.start(), doctype.end())
    outside = re.search(rb"\b(SYSTEM|PUBLIC)\b", doctype["outside"])
    if entity < 0 and outside is None:
        return
    place = entity if entity >= 0 else doctype.start()
    what = "declares an entity" if entity >= 0 else "refers to a file elsewhere"
    raise UnreadableFileError(
        path,
        f"the document type {what}, which can fill the memory or read other files",
        NOT_APPLE,
        line=head.count(b"\n", 0, place) + 1,
    )
