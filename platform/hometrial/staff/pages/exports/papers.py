"""Papers of a lock: its pilot report, and the packs of the safety board; a worker makes each once."""

from werkzeug.wrappers import Response

from hometrial.services.locking import worked_out
from hometrial.services.locking.report_papers import PAGE, PDF
from hometrial.services.locking.worked_out import Kind
from hometrial.staff.headers import REPORT_POLICY
from hometrial.staff.pages.exports import locks, making
from hometrial.staff.pages.exports.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading, study

_FILES = {"html": (PAGE, "text/html; charset=utf-8"), "pdf": (PDF, "application/pdf")}


@pages.get("/locks/<int:number>/report.<any(html, pdf):form>")
@permits("export.take", logs="exported")
def report(number: int, form: str) -> Response:
    """Show the pilot report of a lock."""
    return _paper(number, "report", form)


@pages.get("/locks/<int:number>/open-pack.<any(html, pdf):form>")
@permits("pack.open", logs="exported")
def open_pack(number: int, form: str) -> Response:
    """Show the open pack: everybody together, nothing by arm."""
    return _paper(number, "open", form)


@pages.get("/locks/<int:number>/closed-pack.<any(html, pdf):form>")
@permits("pack.closed", logs="exported")
def closed_pack(number: int, form: str) -> Response:
    """Show the closed pack: arm beside arm, for the board alone."""
    return _paper(number, "closed", form)


@pages.get("/locks/<int:number>/closed-pack-masked.<any(html, pdf):form>")
@permits("pack.closed", logs="exported")
def masked_pack(number: int, form: str) -> Response:
    """Show the closed pack with its arms as A and B."""
    return _paper(number, "masked", form)


def _paper(number: int, kind: Kind, form: str) -> Response:
    order = making.order_of(kind, number)
    found = making.asked(order)
    if found.state != "ready":
        return making.page(order, found, form)
    with reading() as session:
        name = locks.found(session, number).name
    file, media = _FILES[form]
    body = worked_out.file(study().database.settings.home, found.name, file).read_bytes()
    answer = Response(body, content_type=media)
    answer.headers["Content-Disposition"] = f'inline; filename="{kind}-{name}.{form}"'
    if form == "html":
        answer.headers["Content-Security-Policy"] = REPORT_POLICY
    return answer
