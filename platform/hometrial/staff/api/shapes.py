"""The shapes of answers in JSON, as the description tells them."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

Shape = Mapping[str, Any]
TEXT: Shape = {"type": "string"}
NUMBER: Shape = {"type": "integer"}
INSTANT: Shape = {"type": "string", "format": "date-time"}


def answer(told: Mapping[str, Any], status: int = 200) -> Response:
    """Return an answer in JSON."""
    return FlaskResponse(
        json.dumps(told, ensure_ascii=False, allow_nan=False, default=str),
        status,
        mimetype="application/json",
    )


def one(**members: Shape) -> Shape:
    """Return the shape of an object that has all of these members."""
    return {"type": "object", "required": list(members), "properties": members}


def listed(item: Shape) -> Shape:
    """Return the shape of a list."""
    return one(data={"type": "array", "items": item})


def nullable(shape: Shape) -> Shape:
    """Return a shape, or null."""
    return {**shape, "type": [shape["type"], "null"]}


def page(item: Shape) -> Shape:
    """Return the shape of a page of rows: `rows` counts the whole selection, `next` is the address of the next page."""
    return one(
        version=INSTANT,
        rows=NUMBER,
        first=NUMBER,
        data={"type": "array", "items": item},
        next=nullable(TEXT),
    )


TABLE = one(
    name=TEXT,
    label=TEXT,
    keys={"type": "array", "items": TEXT},
    columns={
        "type": "array",
        "items": one(name=TEXT, label=TEXT, type=TEXT, unit=TEXT, codes=TEXT, text=TEXT),
    },
)
CHANGES = one(
    version=INSTANT,
    table_rows=NUMBER,
    rows=NUMBER,
    participants={
        "type": "array",
        "items": one(participant_id=nullable(TEXT), rows=NUMBER),
    },
)
PROTOCOL = one(
    id=TEXT,
    protocol=TEXT,
    version=TEXT,
    in_force={"type": "boolean"},
    published_at=nullable(INSTANT),
)
STUDY = one(
    protocols={"type": "array", "items": PROTOCOL},
    sites={"type": "array", "items": one(code=TEXT, name=TEXT)},
    participants=NUMBER,
    audit_entry=NUMBER,
)
SIGNED = one(name=TEXT, account=TEXT, role=TEXT, signed_at=INSTANT, meaning=TEXT)
LOCK = one(
    number=NUMBER,
    name=TEXT,
    kind=TEXT,
    reason=TEXT,
    profile=TEXT,
    made_at=INSTANT,
    made_by=TEXT,
    root=TEXT,
    stands={"type": "boolean"},
    awaits={"type": "array", "items": TEXT},
)
DELIVERY = one(state=TEXT, step=TEXT, done=NUMBER, steps=NUMBER)
FILES = one(
    root=TEXT,
    files={"type": "array", "items": one(path=TEXT, rows=NUMBER, bytes=NUMBER, sha256=TEXT)},
)
DIFFERENCE = one(
    **dict.fromkeys(
        ("table", "key", "participant_id", "change", "variable", "before", "after", "who", "when", "why"),
        TEXT,
    )
)  # fmt: skip
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": TEXT, "title": TEXT, "status": NUMBER, "detail": TEXT, "field": TEXT, "value": {}, "way_out": TEXT,
        "limit": NUMBER, "retry_after": NUMBER,
    },
}  # fmt: skip
