"""The folder `forms`: the case report form on paper, plain and annotated, as CDISC ODM with its answers, and as FHIR."""

from datetime import datetime
from pathlib import Path

from hometrial.exports.forms import clinical, fhir, odm, printing
from hometrial.exports.forms.casebook import casebook
from hometrial.exports.source.reading import Source

FORMS = "forms"
ANNOTATED, BLANK = "acrf.pdf", "blank.pdf"
CRF, ANSWERS, BUNDLE = "crf.xml", "clinical-data.xml", "fhir.json"


def write(place: Path, source: Source, at: datetime) -> dict[Path, int]:
    """Write the files of the forms; return them, each with the forms or answers that it holds."""
    folder = place / FORMS
    folder.mkdir(parents=True, exist_ok=True)
    book = casebook(source)
    for name, is_annotated in ((ANNOTATED, True), (BLANK, False)):
        (folder / name).write_bytes(printing.printed(book, at, is_annotated=is_annotated))
    return {
        folder / ANNOTATED: len(book.pages),
        folder / BLANK: len(book.pages),
        folder / CRF: odm.write(folder / CRF, book, at),
        folder / ANSWERS: clinical.write(folder / ANSWERS, book, source, at),
        folder / BUNDLE: fhir.write(folder / BUNDLE, source, at),
    }
