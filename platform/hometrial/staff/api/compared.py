"""What differs between two locks: a worker works it out, and a program asks again until it is there."""

import json

from flask import Response as FlaskResponse
from werkzeug.wrappers import Response

from hometrial.services.locking import differing, keeping, worked_out
from hometrial.services.locking.worked_out import CHANGES, DIFFERENCES, Order, Standing
from hometrial.staff.api import locks, parameters, shapes
from hometrial.staff.api.declaring import Operation, door
from hometrial.staff.api.problems import NotReadyError
from hometrial.staff.study import me, reading, study, writing
from hometrial.tasks import delivering as tasks

_LINES = 1_000
_AGAIN = 2
"""Seconds after which one asks again for what a worker is making."""


@door(
    Operation(
        "differences",
        "/locks/<name>/differences/<after>",
        "What differs between two locks",
        "Rows added, changed and removed from one lock to a later one, a changed value a line, with who did it, when and why "
        "as far as the profiles of both let it out. A worker works it out once: until then the answer is 202, and one asks "
        "again after Retry-After. For who sees all sites.",
        {"application/x-ndjson": shapes.DIFFERENCE},
        (locks.NAME, parameters.place("after", "The later lock.")),
        others=(202, 404, 409),
    )
)
def differences(name: str, after: str) -> Response:
    """Tell what differs, or that a worker is asked for it."""
    home = study().database.settings.home
    with reading() as session:
        was, now = (keeping.find(session, each) for each in (name, after))
        for each in (was, now):
            locks.require(session, each)
        under = differing.profile_of(was, now, me()).name
        order = Order(DIFFERENCES, now.number, was.number, under)
        found = worked_out.standing(session, home, order)
    if found.state == "failed":
        raise NotReadyError(found.error)
    if found.state != "ready":
        return _later(order, found)
    lines = (
        f"{json.dumps(row, ensure_ascii=False)}\n".encode()
        for batch in differing.read(worked_out.file(home, found.name, CHANGES)).to_batches(_LINES)
        for row in batch.to_pylist()
    )
    return FlaskResponse(lines, mimetype="application/x-ndjson")


def _later(order: Order, found: Standing) -> Response:
    """Say how far it is; a worker is asked for it if nobody has asked."""
    state = found.state
    if state == "unasked":
        with writing(f"ask for what differs from lock {order.before} to {order.lock}") as session:
            tasks.defer_working_out(session, order, found.name)
        state = "waiting"
    step = "waits for a worker" if state == "waiting" else "compares the locks"
    answer = shapes.answer({"state": state, "step": step, "done": 0, "steps": 1}, 202)
    answer.headers["Retry-After"] = str(_AGAIN)
    return answer
