"""Addresses below the interface that there are not: told as a problem, not as a page."""

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
