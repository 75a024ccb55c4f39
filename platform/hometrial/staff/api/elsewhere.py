"""Addresses and methods below the interface that there are not: told as a problem, not as a page."""

from flask import request
from werkzeug.wrappers import Response

from hometrial.staff.api.declaring import doors
from hometrial.staff.api.problems import problem
from hometrial.staff.permitting import opens


@doors.get("/<path:rest>")
@opens
def nothing(rest: str) -> Response:
    """Say that there is nothing."""
    return problem(
        404,
        f"the interface has no address {rest}",
        field="address",
        value=rest,
        way_out="GET /api/v1/openapi.json lists them",
    )


@doors.route("/<path:rest>", methods=("POST", "PUT", "PATCH", "DELETE"))
@opens
def unwritten(rest: str) -> Response:
    """Say that nothing is written here but the one address that asks for a lock's files."""
    return problem(
        405,
        f"{request.method} is of no use at {rest}: the interface is read",
        field="method",
        value=request.method,
        way_out="GET /api/v1/openapi.json lists every address with its method",
    )
