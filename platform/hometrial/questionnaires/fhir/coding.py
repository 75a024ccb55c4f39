"""Options of a choice as codes: LOINC's where the instrument has one, else our own code system."""

from hometrial.questionnaires.fhir.terms import LOINC, canonical
from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Option


def coding_of(
    instrument: Instrument, item: ChoiceItem, option: Option, base: str
) -> dict[str, str]:
    """Return system and code of one option, without its words."""
    if option.loinc is not None:
        return {"system": LOINC, "code": option.loinc}
    return {"system": f"{canonical(base, instrument.id)}#{item.options}", "code": option.code}
