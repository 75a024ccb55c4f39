"""Everything that a person signed, with a copy of each to keep."""

from uuid import UUID

from flask import Response, abort, render_template

from hometrial import clock
from hometrial.models import ConsentSignature
from hometrial.participant.pages.consenting.asked import pages, reader, signed_versions
from hometrial.participant.site import site, transaction
from hometrial.participant.sources import zone
from hometrial.services.agreeing import copying, signing, texts
from hometrial.services.agreeing.sealing import Keys


@pages.get("/copies")
def copies() -> str:
    """List what was signed."""
    with transaction("look at what one has signed") as database:
        person = reader(database)
        rows = [
            (
                each,
                texts.words_of(texts.row_of(database, each)).title,
                signing.countersignature(database, each),
            )
            for each in signed_versions(database, person)
        ]
        return render_template(
            "consenting/copies.html",
            rows=rows,
            now=clock.now(),
            zone=zone(database, person.id),
        )


@pages.get("/copies/<uuid:signature>.pdf")
def copy(signature: UUID) -> Response:
    """Give the copy of one's own signed document; of anybody else's there is none."""
    with transaction("take the copy of one's own consent") as database:
        person = reader(database)
        row = database.get(ConsentSignature, signature)
        if row is None or row.participant_id != person.id or row.part != "participant":
            abort(404)
        keys = Keys.of(site().database.settings)
        made = copying.give(database, keys, row, to=person.code)
    answer = Response(made.body, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Checksum-SHA256"] = made.sha256
    return answer
