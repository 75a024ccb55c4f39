"""CM: other medicines, treatments and doses of the years before, and creams of the drug, which nobody orders."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest

from hometrial.exports.sdtm import dates
from hometrial.exports.sdtm.assembling import PERSON, SOURCE, SUPPLEMENT, Qualifier, Row
from hometrial.exports.sdtm.collected import is_topical
from hometrial.exports.sdtm.doses import Drug, drug
from hometrial.exports.sdtm.exposure import ADJUSTED
from hometrial.exports.sdtm.stretches import stretches
from hometrial.exports.sdtm.study import Study
from hometrial.exports.sdtm.supplements import qualifiers

WITHHELD = "MEDICINE, NAME WITHHELD"
"""CMTRT where a profile leaves out what was typed, and the name was none of an opioid."""
_OTHER = "other"
_AGAIN = ("resume", "restart")
"""Kinds of `treatment_told`: no change of the drug's dose, and the drug taken again."""
_COLUMNS = {"BEGANTLD": "CMSTDTC", "ENDEDTLD": "CMENDTC"}
_AMOUNT = re.compile(r"(\d+(?:[.,]\d+)?)\s*(mg|g|ug|mcg|µg|mL|ml|IU)", re.ASCII)
_UNITS = {"mcg": "ug", "µg": "ug", "ml": "mL"}
_ROUTES = {
    "oral": "ORAL", "by mouth": "ORAL", "topical": "TOPICAL", "skin": "TOPICAL", "nasal": "NASAL",
    "sublingual": "SUBLINGUAL", "inhaled": "RESPIRATORY (INHALATION)", "rectal": "RECTAL",
    "transdermal": "TRANSDERMAL", "subcutaneous": "SUBCUTANEOUS", "intramuscular": "INTRAMUSCULAR",
    "intravenous": "INTRAVENOUS", "ophthalmic": "OPHTHALMIC", "vaginal": "VAGINAL",
}  # fmt: skip


def cm(study: Study) -> list[Row]:
    """Return the rows of CM."""
    return [
        *(_medication(study, row) for row in study.source.rows("medication")),
        *_before(study),
        *_creams(study),
    ]


def _medication(study: Study, row: Row) -> Row:
    substance = (row["substance"] or "").replace("_", " ").upper()
    indication = " ".join((row["indication"] or "").split())
    made: Row = {
        PERSON: row["participant"],
        SOURCE: (f"medication/{row['id']}",),
        "CMSPID": str(row["number"]),
        "CMTRT": " ".join((row["name"] or "").split()) or substance or WITHHELD,
        "CMDECOD": substance,
        "CMCAT": "CONCOMITANT MEDICATION",
        "CMINDC": indication.upper(),
        "CMROUTE": _route(row["route"]),
    }
    more = {"OPIOID": Qualifier("Is an Opioid", "Y" if row["is_opioid"] else "N", "Assigned")}
    more |= _dose(made, " ".join((row["dose"] or "").split()))
    more |= _time(study, made, row["began"], row["ended"])
    last = study.last_contact(row["participant"])
    if row["ongoing"] and last is not None:
        made |= {"CMENRTPT": "ONGOING", "CMENTPT": last.isoformat()}
        _require_start(made, last.isoformat())
    return made | {SUPPLEMENT: more}


def _route(told: str | None) -> str:
    words = " ".join((told or "").split())
    return _ROUTES.get(words.lower(), words.upper())


def _dose(made: Row, told: str) -> dict[str, Qualifier]:
    """Read a dose that is a number and a unit; other words stay as they were told."""
    found = _AMOUNT.fullmatch(told)
    if found is None:
        return qualifiers("DOSETOLD", "Dose as Told", told) if told else {}
    number, unit = found.groups()
    made |= {"CMDOSE": float(number.replace(",", ".")), "CMDOSU": _UNITS.get(unit, unit)}
    return {}


def _time(study: Study, made: Row, began: str | None, ended: str | None) -> dict[str, Qualifier]:
    """Set when it began and ended, as far as that is known, and the epoch in which it began."""
    made |= {
        "CMSTDTC": dates.iso(began),
        "CMENDTC": dates.iso(ended),
        "EPOCH": study.epoch_of(made[PERSON], dates.iso(began)),
    }
    if _is_before(ended, began):
        made["CMENDTC"] = ""
    if made["CMENDTC"]:
        _require_start(made, made["CMENDTC"])
    told = (("BEGANTLD", "Start as Told", began), ("ENDEDTLD", "End as Told", ended))
    return {
        name: Qualifier(text, str(value))
        for name, text, value in told
        if dates.is_range(value) or (value and not made[_COLUMNS[name]])
    }


def _is_before(ended: str | None, began: str | None) -> bool:
    """Whether the first day that an end can be comes before that of the start: then its text would sort before it."""
    one, other = dates.bounds(ended), dates.bounds(began)
    return one is not None and other is not None and one[0] < other[0]


def _require_start(made: Row, reference: str) -> None:
    """Say of an end without a start that nobody knows the start (an end alone is refused by the standard)."""
    if not made["CMSTDTC"]:
        made |= {"CMSTRTPT": "UNKNOWN", "CMSTTPT": reference}


@dataclass(frozen=True)
class _Dose:
    """A change of dose from before the study, with the one that it took the place of and the one that came after it."""

    row: Row
    stood: Row
    after: Row | None

    @property
    def ended(self) -> str | None:
        """When it ended: as told, or when the next change began."""
        last: str | None = self.row["last"]
        return last if last or self.after is None else self.after["first"]


def _before(study: Study) -> Iterator[Row]:
    """Yield what was told of the years before: each dose of the drug, and other treatments."""
    for rows in study.source.by_person("treatment_told").values():
        ordered = sorted(rows, key=_in_order_told)
        yield from (_other(study, row) for row in ordered if row["kind"] == _OTHER)
        for dose in _doses([row for row in ordered if row["kind"] != _OTHER]):
            yield _dose_before(study, dose)


def _in_order_told(row: Row) -> tuple[tuple[int, str], ...]:
    """Order ids as they count: 2 before 10."""
    parts = re.split(r"(\d+)", row["id"])
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def _doses(rows: list[Row]) -> Iterator[_Dose]:
    """Yield the changes after which a dose stood; one that was resumed is the one from before."""
    stood: Row | None = None
    for row, after in zip_longest(rows, rows[1:]):
        if row["mg"] is not None:
            stood = row
        if stood is not None and (row["mg"] is not None or row["kind"] in _AGAIN):
            yield _Dose(row, stood, after)


def _dose_before(study: Study, dose: _Dose) -> Row:
    row, after = dose.row, dose.after
    is_over = after is not None and after["mg"] is None and after["kind"] not in _AGAIN
    sources = [row, after] if after is not None and dose.ended else [row]
    made: Row = {
        PERSON: row["participant"],
        SOURCE: tuple(f"treatment_told/{each['id']}" for each in sources),
        "CMTRT": study.treatment,
        "CMDECOD": study.treatment,
        "CMCAT": "STUDY DRUG BEFORE THE STUDY",
        "CMDOSTOT": dose.stood["mg"],
        "CMDOSU": "mg",
        "CMADJ": ADJUSTED.get(row["kind"].replace(" ", "_"), ""),
        "CMRSDISC": (after["outcome"] or "") if is_over and after is not None else "",
    }
    more = _time(study, made, row["first"], dose.ended)
    if dose.stood["name"]:
        more |= qualifiers("DOSETOLD", "Dose as Told", dose.stood["name"])
    return made | {SUPPLEMENT: more | _became(row)}


def _other(study: Study, row: Row) -> Row:
    made: Row = {
        PERSON: row["participant"],
        SOURCE: (f"treatment_told/{row['id']}",),
        "CMTRT": " ".join((row["name"] or "").split()) or WITHHELD,
        "CMCAT": "TREATMENT BEFORE THE STUDY",
    }
    more = _time(study, made, row["first"], row["last"])
    return made | {SUPPLEMENT: more | _became(row)}


def _became(row: Row) -> dict[str, Qualifier]:
    if not row["outcome"]:
        return {}
    return qualifiers("OUTCTOLD", "What Became of It, as Told", row["outcome"])


def _creams(study: Study) -> Iterator[Row]:
    """Yield the days in a row on which a cream or an ointment of the drug was used."""
    for person, rows in study.source.by_person("intake").items():
        days: list[tuple[date, Drug, tuple[str, ...]]] = [
            (row["day"], drug(study, row["formulation"]), (f"intake/{row['id']}",))
            for row in rows
            if is_topical(row)
        ]
        for stretch in stretches(days):
            yield {
                PERSON: person,
                SOURCE: stretch.sources,
                "CMTRT": f"{study.treatment} {stretch.what.form}",
                "CMDECOD": study.treatment,
                "CMCAT": "STUDY DRUG ON THE SKIN",
                "CMDOSFRM": stretch.what.form,
                "CMROUTE": stretch.what.route,
                "EPOCH": study.epoch(person, stretch.first),
                "CMSTDTC": stretch.first.isoformat(),
                "CMENDTC": stretch.last.isoformat(),
            }
