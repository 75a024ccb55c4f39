"""Open tasks about a person: the one button of each, and those that somebody closes by saying what came of it."""

from uuid import UUID

from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from hometrial.models import Participant, WorkItem
from hometrial.services import working
from hometrial.services.viewing.today import Line, Who
from hometrial.services.working import OpenItem
from hometrial.staff import todo
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import ActForm, reason
from hometrial.staff.permitting import permits
from hometrial.staff.todo import Button

CLOSED_BY_WORD = frozenset(
    kind for kind, way in todo.WAYS.items() if way.endpoint == "people.close_task"
)
"""Kinds that end when somebody says what came of it; the others end with their cause."""


class CloseForm(ActForm):
    """What came of a task."""

    reason = reason("What came of it", hint="Such as: spoken with her, she sends the rest back.")


@pages.app_template_global("task_title")
def title(item: WorkItem) -> str:
    """Return what a task is called."""
    return todo.title(item.kind)


def button(line: OpenItem) -> Button | None:
    """Return the one thing to do about an open task, None where one may not, or where there is nothing."""
    item = line.item
    if line.code is None:
        return None
    who = (Who(line.code, item.id),)
    return todo.button(Line(item.kind, item.subject, who, item.reason, item.opened_at))


@pages.route("/<code>/tasks/<uuid:task>", methods=["GET", "POST"])
@permits("people.contact")
def close_task(code: str, task: UUID) -> Answer:
    """Close a task by saying what came of it."""
    form = CloseForm()
    deed = Deed(code, "Close a task", "Close it", "people.person", template="person/task.html")

    def prepare(session: Session, person: Participant) -> dict[str, object]:
        return {"item": _open(session, person, task)}

    def act(session: Session, person: Participant) -> str:
        item = _open(session, person, task)
        working.close_items(session, person.id, item.kind, item.subject, because=form.why)
        return "The task is closed."

    return perform(deed, form, act, prepare)


def _open(session: Session, person: Participant, task: UUID) -> WorkItem:
    for line in working.open_items(session, person.id):
        if line.item.id == task and line.item.kind in CLOSED_BY_WORD:
            return line.item
    raise NotFound(f"{person.code} has no such open task.")
