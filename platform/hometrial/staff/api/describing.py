"""What the interface is, as OpenAPI 3.1 tells it: made of the declarations that its addresses are made of."""

import re
from functools import cache
from html import escape
from importlib import metadata
from typing import Any

from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from hometrial.exports.tidy.tables import TIDY
from hometrial.staff.api import shapes
from hometrial.staff.api.declaring import OPERATIONS, Operation, Parameter, doors
from hometrial.staff.api.problems import MEDIA_TYPE
from hometrial.staff.permitting import opens

_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
_USUAL = {"400": "A value will not do.", "401": "No token, or one that opens nothing.", "403": "No role allows it.", "429": "The token has asked too often; Retry-After says when it may again."}  # fmt: skip
_FURTHER = {
    206: "A part.", 304: "What you have is as it would come.", 404: "There is no such thing.",
    409: "It cannot be given now, or not to you.", 410: "It is kept no longer.", 416: "There is no such part.",
}  # fmt: skip
_JSON_TYPES = {
    "text": shapes.TEXT, "integer": shapes.NUMBER, "number": {"type": "number"}, "boolean": {"type": "boolean"},
    "day": {"type": "string", "format": "date"}, "instant": shapes.INSTANT, "wall clock": shapes.TEXT,
}  # fmt: skip
_JSON = "application/json"
LATER = 202
_INTRODUCTION = (
    "Reads what staff see, for programs. A token stands for its owner: the same permissions, the same sites, and each "
    "read stands in the access log. Nothing is changed here. Every refusal is a problem (RFC 9457) that names the "
    "field, its value and the way out. A token makes so many requests in a minute (as set up; 600 if nothing is set): then "
    "it is 429, with Retry-After."
)


@cache
def document() -> dict[str, Any]:
    """Return the description."""
    paths: dict[str, Any] = {}
    for each in OPERATIONS:
        paths.setdefault(_address(each), {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hometrial, read interface",
            "version": metadata.version("hometrial"),
            "description": _INTRODUCTION,
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"problem": shapes.PROBLEM, **{name: _row(name) for name in TIDY}},
        },
    }


def _address(operation: Operation) -> str:
    return str(doors.url_prefix) + _ARGUMENT.sub(r"{\1}", operation.rule)


def _operation(operation: Operation) -> dict[str, Any]:
    content = {media: {"schema": shape} for media, shape in operation.answers.items()}
    answers: dict[str, Any] = {"200": {"description": operation.summary, "content": content}}
    if operation.method == "POST" or LATER in operation.others:
        answers[str(LATER)] = {
            "description": "It is being made.",
            "content": {_JSON: {"schema": shapes.DELIVERY}},
        }
    refused = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/problem"}}}
    further = {str(each): _FURTHER[each] for each in operation.others if each != LATER}
    for status, text in sorted((_USUAL | further).items()):
        has_body = status not in ("206", "304")
        answers[status] = {"description": text} | ({"content": refused} if has_body else {})
    answers["429"]["headers"] = {
        "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
    }
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.text,
        "parameters": [_parameter(each) for each in operation.parameters],
        "responses": answers,
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.text,
        "schema": dict(parameter.schema),
    }


def _row(name: str) -> dict[str, Any]:
    """Return the shape of a row of a table in JSON; any value may be null."""
    return {
        "type": "object",
        "description": TIDY[name].label,
        "properties": {
            each.name: {
                **shapes.nullable(_JSON_TYPES[each.type]),
                "description": ". ".join(
                    part.rstrip(".")
                    for part in (each.label, each.unit, each.codes, each.text)
                    if part
                ),
            }
            for each in TIDY[name].variables
        },
    }


@doors.get("/openapi.json")
@opens
def description() -> Response:
    """Give the description; it tells nothing of the study."""
    return shapes.answer(document())


@doors.get("/docs")
@opens
def page() -> Response:
    """Show the description to people."""
    parts = [
        f"<h2><code>{each.method} {escape(_address(each))}</code></h2>"
        f"<p>{escape(each.summary)}. {escape(each.text)}</p>{_listed(each)}"
        for each in OPERATIONS
    ]
    return FlaskResponse(
        f'<!doctype html><html lang="en"><title>Read interface</title><h1>Read interface</h1>'
        f'<p>{escape(_INTRODUCTION)}</p><p><a href="openapi.json">OpenAPI 3.1</a></p>{"".join(parts)}</html>'
    )


def _listed(operation: Operation) -> str:
    if not operation.parameters:
        return ""
    lines = (
        f"<dt><code>{escape(each.name)}</code></dt><dd>{escape(each.text)}</dd>"
        for each in operation.parameters
    )
    return f"<dl>{''.join(lines)}</dl>"
