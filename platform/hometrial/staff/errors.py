"""What a person sees when something is refused: one sentence and the way on."""

from flask import Flask, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from hometrial.errors import TrialError, UnknownParticipantError
from hometrial.services.staffing.acting import NotPermittedError
from hometrial.staff.pages import entering
from hometrial.staff.ways import inside


def handle(app: Flask) -> None:
    """Give every refusal a page of its own; the most general comes last."""
    app.register_error_handler(UnknownParticipantError, _unknown)
    app.register_error_handler(NotPermittedError, _not_permitted)
    app.register_error_handler(TrialError, _refused)
    app.register_error_handler(CSRFError, _old_form)
    app.register_error_handler(401, _logged_out)
    app.register_error_handler(HTTPException, _other)


def _page(status: int, title: str, text: str) -> tuple[str, int]:
    return render_template("message.html", title=title, text=text), status


def _logged_out(_error: HTTPException) -> tuple[str, int]:
    if isinstance(request.routing_exception, SecurityError):  # no page is made under that name
        return "This site is not known under that name.", 400
    to = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return entering.form_page(inside(to)), 401


def _old_form(error: CSRFError) -> tuple[str, int]:
    text = (
        f"{error.description} Nothing was changed. Open the page anew and send its form again: the form "
        "was not made by this session."
    )
    return _page(400, "The form was refused", text)


def _unknown(error: UnknownParticipantError) -> tuple[str, int]:
    return _page(404, "Not found", str(error))


def _not_permitted(error: NotPermittedError) -> tuple[str, int]:
    return _page(
        403, "Not allowed to your role", f"{error}. Whoever keeps the accounts can ask for it."
    )


def _refused(error: TrialError) -> tuple[str, int]:
    return _page(409, "This cannot be shown or done", str(error))


def _other(error: HTTPException) -> tuple[str, int]:
    return _page(error.code or 500, error.name, error.description or "")
