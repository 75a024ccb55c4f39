"""Addresses of the read interface, each declared once: the route, its check and its description are made of the same lines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal

from flask import Blueprint, g, request
from werkzeug.wrappers import Response

from hometrial.staff.api import problems
from hometrial.staff.api.problems import ValueWrongError
from hometrial.staff.permitting import permits_tokens

doors = Blueprint("api", __name__, url_prefix="/api/v1")
problems.handle(doors)

View = Callable[..., Response]
Given = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A value that a request may bring. `read` turns its text into a value, and raises ValueWrongError."""

    name: str
    text: str
    schema: Mapping[str, Any]
    read: Callable[[str], Any] = str
    place: Literal["query", "path"] = "query"


@dataclass(frozen=True)
class Operation:
    """What an address does. `answers` are schemas by media type; `rule` is Flask's."""

    name: str
    rule: str
    summary: str
    text: str
    answers: Mapping[str, Mapping[str, Any]]
    parameters: tuple[Parameter, ...] = ()
    method: Literal["GET", "POST"] = "GET"
    action: str = "export.take"
    others: tuple[int, ...] = field(default=())
    """Statuses beside 200, 400, 401, 403 and 429."""


OPERATIONS: list[Operation] = []


def door(operation: Operation) -> Callable[[View], View]:
    """Open an address: for tokens alone, written down as taken away, with the declared values and no others."""

    def opened(view: View) -> View:
        @wraps(view)
        def checked(**places: Any) -> Response:
            g.given = _given(operation)
            return view(**places)

        permits_tokens(operation.action, logs="exported")(checked)
        doors.add_url_rule(operation.rule, operation.name, checked, methods=[operation.method])
        OPERATIONS.append(operation)
        return view

    return opened


def given() -> Given:
    """Return the values of this request by name; None for one that it does not bring."""
    found: Given = g.given
    return found


def _given(operation: Operation) -> Given:
    known = {each.name: each for each in operation.parameters if each.place == "query"}
    for name in request.args:
        if name not in known:
            names = ", ".join(known) or "none"
            raise ValueWrongError(
                name, request.args[name], f"this address knows the parameters: {names}"
            )
        if len(request.args.getlist(name)) > 1:
            raise ValueWrongError(
                name, request.args.getlist(name), "give it once; several values have commas between"
            )
    return {
        name: each.read(request.args[name]) if name in request.args else None
        for name, each in known.items()
    }
