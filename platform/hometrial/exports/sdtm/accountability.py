"""DA: units of the drug that were given to a person, came back, or were lost."""

from hometrial.errors import ExportRefusedError
from hometrial.exports.metadata import canonical
from hometrial.exports.sdtm.assembling import PERSON, SOURCE, SUPPLEMENT, Qualifier, Row
from hometrial.exports.sdtm.doses import drug
from hometrial.exports.sdtm.study import Study

_TESTS = {
    "dispensed": ("DISPAMT", "Dispensed Amount"),
    "returned": ("RETAMT", "Returned Amount"),
    "lost": ("LOSTAMT", "Lost Amount"),
}
_UNITS = {"CAPSULE": "CAPSULE", "SOLUTION": "mL", "CREAM": "g", "OINTMENT": "g"}


def da(study: Study) -> list[Row]:
    """Return the rows of DA. Raises ExportRefusedError for a movement that is none to or from a person."""
    return [_row(study, row) for row in study.source.rows("supply")]


def _row(study: Study, row: Row) -> Row:
    if row["move"] not in _TESTS:
        raise ExportRefusedError(
            f"supply/{row['id']}: {row['move']} is no movement to or from a person; "
            f"there are {', '.join(_TESTS)}"
        )
    code, name = _TESTS[row["move"]]
    form = drug(study, row["formulation"]).form
    amount = canonical(row["units"])
    made: Row = {
        PERSON: row["participant"],
        SOURCE: (f"supply/{row['id']}",),
        "DAREFID": row["lot"] or "",
        "DATESTCD": code,
        "DATEST": name,
        "DACAT": "STUDY MEDICATION",
        "DASCAT": form,
        "DAORRES": amount,
        "DAORRESU": _UNITS.get(form, ""),
        "DASTRESC": amount,
        "DASTRESN": row["units"],
        "DASTRESU": _UNITS.get(form, ""),
        "DADTC": row["day"].isoformat(),
    }
    if row["strength_mg"] is not None:
        strength = Qualifier("Strength of a Unit (mg)", canonical(row["strength_mg"]), "Assigned")
        made[SUPPLEMENT] = {"STRENGTH": strength}
    return made
