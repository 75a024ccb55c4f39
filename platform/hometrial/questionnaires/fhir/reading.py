"""A FHIR R4 Questionnaire taken over as an instrument, with the list of what was not understood."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from hometrial.questionnaires.declared import Id, Period, Version
from hometrial.questionnaires.fhir import terms
from hometrial.questionnaires.fhir.asking import Asked, asked
from hometrial.questionnaires.fhir.checking import faults
from hometrial.questionnaires.fhir.resources import Questionnaire, parsed
from hometrial.questionnaires.fhir.unread import Unread, unread
from hometrial.questionnaires.instrument import Instrument, Licence, Presentation


class Terms(BaseModel):
    """What a Questionnaire does not say and who takes it over must: name, licence, how it is shown."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Id
    version: Version
    licence: Licence
    completed_by: str
    minutes: float
    presentation: Presentation
    recall: Period | None = None


@dataclass(frozen=True, slots=True)
class TakenOver:
    """An instrument from elsewhere: without scores; `link_ids` are its items' names there.

    `unread`: what the resource says and the instrument does not, verbatim, with its place.
    """

    instrument: Instrument
    link_ids: dict[str, str]
    unread: tuple[Unread, ...]


def take_over(resource: Any, under: Terms) -> TakenOver:
    """Return a Questionnaire as an instrument in the language it states.

    Raises FhirError with every reason against it: types that are not taken over, answers selected beforehand,
    a condition on a later item, numbers without bounds.
    """
    read = parsed(resource, Questionnaire)
    terms.refuse(faults(read))
    found = asked(read)
    try:
        instrument = Instrument.model_validate(_declared(read, under, found))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise terms.FhirError("\n".join(lines)) from error
    return TakenOver(instrument, found.link_ids, tuple(unread(read)))


def _declared(read: Questionnaire, under: Terms, found: Asked) -> dict[str, Any]:
    recall = {"period": under.recall, "text": found.recall} if under.recall else None
    panel = [code.code for code in read.code if code.system == terms.LOINC]
    return {
        "schema": "instrument/1",
        "id": under.id,
        "version": under.version,
        "title": found.words(read.title),
        "languages": [read.language],
        "license": under.licence,
        "completed_by": under.completed_by,
        "minutes": under.minutes,
        "codes": {"fhir": f"{read.url}|{read.version}"}
        | ({"loinc_panel": panel[0]} if panel else {}),
        "recall": recall,
        "presentation": under.presentation,
        "stems": found.stems,
        "option_sets": found.option_sets,
        "items": found.items,
    }
