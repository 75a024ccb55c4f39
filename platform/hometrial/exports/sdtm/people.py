"""DM, with SUPPDM: who they are as far as the study asked, their reference dates, and the arm that they were in."""

from datetime import date
from typing import Any

import pyarrow.compute as pc

from hometrial.exports.metadata import ValueRefusedError
from hometrial.exports.sdtm import leaving, planned, standard
from hometrial.exports.sdtm.assembling import PERSON, SOURCE, SUPPLEMENT, Qualifier, Row
from hometrial.exports.sdtm.study import Study
from hometrial.exports.sdtm.supplements import qualifiers
from hometrial.protocol.variables import Number

UNKNOWN_COUNTRY = "ZZZ"
"""Of the codes that ISO 3166-1 leaves to its users: the site's country is not on record."""
WITHHELD = "ALLOCATION WITHHELD"
"""ARMNRS of whoever was allocated, where a profile does not tell the arm: a term of ours in an open list of CDISC."""
_ALPHA_2, _ALPHA_3 = 2, 3
_YEARS = "a"  # UCUM
_ASKED = {"SEX": "sex", "RACE": "race", "ETHNIC": "ethnicity"}
"""By variable of DM, whose codelist has the same name: the protocol's variable that asks for it."""
UNTOLD_SEX = "U"
_NO_TERM = {"SEX": UNTOLD_SEX, "RACE": "OTHER", "ETHNIC": ""}
"""What stands for an answer of which CDISC has no term."""
_LABELS = {"SEX": "Sex", "RACE": "Race", "ETHNIC": "Ethnicity"}
_GROUPS = ("HISPANIC OR LATINO", "NOT HISPANIC OR LATINO")
_SEX = "sex"
_REMOTE = ("video", "phone", "remote", "system")


def dm(study: Study) -> list[Row]:
    """Return one row for every subject."""
    sexes = _told_sexes(study)
    return [
        _person(study, row, sexes.get(row["participant"]))
        for row in study.source.rows("participant")
    ]


def _person(study: Study, row: dict[str, Any], sex: dict[str, Any] | None) -> Row:
    person = row["participant"]
    consented = study.consented(person)
    made: Row = {
        PERSON: person,
        SOURCE: [f"participant/{row['id']}"],
        "SUBJID": person,
        "SITEID": row["site"],
        "COUNTRY": _country(study, row["site"]),
        "RFPENDTC": _iso(study.last_contact(person)),
        SUPPLEMENT: {},
    }
    if consented is not None:
        made["RFICDTC"] = _iso(consented[0])
        made[SOURCE].append(consented[1])
    made |= _arm(study, person)
    made |= _dates(study, person, made)
    _add_answers(study, person, made, sex)
    died = leaving.death(study, person)
    if died is not None:
        made |= {"DTHFL": "Y", "DTHDTC": died.day}
        made[SOURCE].append(died.source)
    mode = _enrolment(study, person)
    if mode:
        made[SUPPLEMENT]["ENRLMODE"] = Qualifier("Mode of Enrolment", mode, "Derived")
    made[SOURCE] = tuple(made[SOURCE])
    return made


def _iso(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _country(study: Study, site: str) -> str:
    """Return the site's country in three letters. Raises ValueRefusedError for a code that ISO 3166-1 has not."""
    written = next((row["country"] for row in study.source.rows("site") if row["id"] == site), None)
    if not written:
        return UNKNOWN_COUNTRY
    known = standard.countries()
    if len(written) == _ALPHA_2 and written.upper() in known:
        return known[written.upper()]
    if len(written) == _ALPHA_3 and written.upper() in known.values():
        return str(written.upper())
    raise ValueRefusedError(
        f"site {site}: {written!r} is no country of ISO 3166-1; give its two letters"
    )


def _arm(study: Study, person: str) -> Row:
    """Return the four arm variables, or why they are empty (SDTMIG 3.4, 5.2, assumption 4)."""
    arm, is_dosed = study.arm(person), study.first_dose(person) is not None
    if arm is None and study.rows("allocation", person):
        return {"ARMNRS": WITHHELD}
    if arm is None and is_dosed:
        return {"ARMNRS": "UNPLANNED TREATMENT", "ACTARMUD": "Study drug without an allocation"}
    if arm is None:
        screened = study.screened(person)
        has_failed = screened is not None and screened["outcome"] == "screen_failure"
        return {"ARMNRS": "SCREEN FAILURE" if has_failed else "NOT ASSIGNED"}
    code = planned.arm_codes(study.protocol)[arm]
    named = {"ARMCD": code, "ARM": planned.arm_names(study.protocol)[arm]}
    if not is_dosed:
        return {**named, "ARMNRS": "ASSIGNED, NOT TREATED"}
    return {**named, "ACTARMCD": code, "ACTARM": named["ARM"]}


def _dates(study: Study, person: str, made: Row) -> Row:
    """Return the reference dates: those of the drug, and for whoever was assigned the end as well."""
    first, last = study.first_dose(person), study.last_dose(person)
    dates = {"RFSTDTC": _iso(first), "RFXSTDTC": _iso(first), "RFXENDTC": _iso(last)}
    if "ARMCD" in made:
        dates["RFENDTC"] = _iso(last) or made["RFPENDTC"]
    return dates


def _add_answers(study: Study, person: str, made: Row, sex: dict[str, Any] | None) -> None:
    """Add what was asked: age in years, sex, race, ethnicity; the `sex` of a questionnaire if the screening has none."""
    answers = _answers(study, person)
    made["SEX"] = UNTOLD_SEX
    age = next((each for each in study.protocol.variables if each.id == "age"), None)
    told = answers.get("age")
    if isinstance(age, Number) and age.unit == _YEARS and told and told["number"] is not None:
        made |= {"AGE": told["number"], "AGEU": "YEARS"}
        made[SOURCE].append(f"screening_answer/{told['id']}")
    for variable, asked in _ASKED.items():
        found = answers.get(asked)
        if found is not None and found["value"]:
            _add(made, variable, found["value"])
            made[SOURCE].append(f"screening_answer/{found['id']}")
    if made["SEX"] == UNTOLD_SEX and sex is not None:
        _add(made, "SEX", sex["shown"] or sex["value"])
        made[SOURCE].append(f"item/{sex['id']}")


def _add(made: Row, variable: str, told: str) -> None:
    """Set CDISC's term for an answer; one that it has no term for stands as it was told in the supplement.

    ETHNIC is one of two groups or empty: that somebody did not say stands in the supplement, too (FB5701).
    """
    term = standard.matching(variable, told)
    value = "" if term is None else term.value
    if variable == "ETHNIC" and value not in _GROUPS:
        value = ""
    made[variable] = value or _NO_TERM[variable]
    if not value:
        made[SUPPLEMENT] |= qualifiers(f"{variable[:4]}OTH", f"{_LABELS[variable]} as Told", told)


def _told_sexes(study: Study) -> dict[str, dict[str, Any]]:
    """Return the first answer of each person to a questionnaire's question that is named sex."""
    items = study.source.table("item")
    asked = items.filter(pc.equal(items["item"], _SEX)).sort_by(
        [("answered", "descending"), ("id", "descending")]
    )
    return {row["participant"]: row for row in asked.to_pylist() if row["value"]}


def _answers(study: Study, person: str) -> dict[str, dict[str, Any]]:
    screened = study.screened(person)
    if screened is None:
        return {}
    rows = study.rows("screening_answer", person)
    return {row["variable"]: row for row in rows if row["screening"] == screened["id"]}


def _enrolment(study: Study, person: str) -> str:
    """Return REMOTE or ON SITE, by the first visit that was held, else by how the consent was signed."""
    for each in sorted(
        study.visits(person), key=lambda visit: (visit.day or date.max, visit.number)
    ):
        if each.day is not None and each.row["mode"]:
            return "REMOTE" if each.row["mode"] in _REMOTE else "ON SITE"
    kinds = {row["kind"] for row in study.rows("consent_signature", person)}
    return "REMOTE" if "electronic" in kinds else ""
