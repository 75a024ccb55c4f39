"""Papers of a lock: its pilot report, and the packs of the safety board."""

from flask import Response

from hometrial.errors import ExportRefusedError
from hometrial.services.viewing import papers
from hometrial.services.viewing.papers import Kind
from hometrial.staff.headers import REPORT_POLICY
from hometrial.staff.pages.exports import locks
from hometrial.staff.pages.exports.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, sites, study

_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}


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
    if len(sites()) != len(me().all_sites):
        raise ExportRefusedError("it tells of everybody; who sees all sites reads it")
    with reading() as session:
        lock = locks.found(session, number)
        body = papers.paper(session, study().database, lock, kind, form)
    answer = Response(body, content_type=_TYPES[form])
    answer.headers["Content-Disposition"] = f'inline; filename="{kind}-{lock.name}.{form}"'
    if form == "html":
        answer.headers["Content-Security-Policy"] = REPORT_POLICY
    return answer
