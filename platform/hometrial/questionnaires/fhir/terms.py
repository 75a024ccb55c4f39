"""FHIR's names: extensions, code systems, and ours for what FHIR cannot say."""

from collections.abc import Iterable
from typing import Any

from hometrial.errors import TrialError

Resource = dict[str, Any]

_FHIR = "http://hl7.org/fhir/StructureDefinition"
ORDINAL = f"{_FHIR}/ordinalValue"
LOWEST = f"{_FHIR}/minValue"
HIGHEST = f"{_FHIR}/maxValue"
UNIT = f"{_FHIR}/questionnaire-unit"
CONTROL = f"{_FHIR}/questionnaire-itemControl"
ABSENT = f"{_FHIR}/data-absent-reason"
CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
LOINC = "http://loinc.org"
LOINC_NOTICE = (
    "This material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief "
    "Institute, Inc. and the LOINC Committee and is available at no cost under the license at "
    "http://loinc.org/license."
)
UCUM = "http://unitsofmeasure.org"
SHOW_IF = "urn:hometrial:fhir:show-if"
HIDDEN_VALUE = "urn:hometrial:fhir:hidden-value"
IN_CRASH = "urn:hometrial:fhir:in-crash"


class FhirError(TrialError):
    """A resource that cannot be taken over; every reason is a line."""


def refuse(faults: Iterable[str]) -> None:
    """Raise FhirError with all faults, or return if there are none."""
    found = list(faults)
    if found:
        raise FhirError("\n".join(found))


def canonical(base: str, instrument: str) -> str:
    """Return the URL that names an instrument on this server."""
    return f"{base.rstrip('/')}/Questionnaire/{instrument}"
