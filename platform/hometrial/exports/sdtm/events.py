"""AE: adverse events in their latest version; MH: diagnoses, conditions and symptoms from before the drug."""

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from hometrial.exports.metadata import canonical
from hometrial.exports.sdtm import dates
from hometrial.exports.sdtm.assembling import PERSON, SOURCE, SUPPLEMENT, Qualifier, Row
from hometrial.exports.sdtm.study import Study
from hometrial.exports.sdtm.supplements import qualifiers
from hometrial.protocol.safety import vocabulary

WITHHELD = "ADVERSE EVENT, WORDS WITHHELD"
"""AETERM where a profile leaves out what was typed and no term was chosen."""
BY_LAST, LAST_DAY = "EPOCHBY", "LAST DAY THAT THE START CAN BE"
"""QNAM and QVAL of an event whose start is not known nearly enough to tell the epoch."""
_ACTIONS = {
    "none": "DOSE NOT CHANGED",
    "dose_reduced": "DOSE REDUCED",
    "held": "DRUG INTERRUPTED",
    "stopped_permanently": "DRUG WITHDRAWN",
    "time_changed": "DOSE NOT CHANGED",
}
_OUTCOMES = {
    "recovered": "RECOVERED/RESOLVED",
    "recovering": "RECOVERING/RESOLVING",
    "not_recovered": "NOT RECOVERED/NOT RESOLVED",
    "recovered_with_sequelae": "RECOVERED/RESOLVED WITH SEQUELAE",
    "fatal": "FATAL",
    "unknown": "UNKNOWN",
}
_CRITERIA = {
    "congenital_anomaly": "AESCONG",
    "disability": "AESDISAB",
    "death": "AESDTH",
    "hospitalisation": "AESHOSP",
    "life_threatening": "AESLIFE",
    "medically_important": "AESMIE",
}
_YES_NO = {True: "Y", False: "N", None: ""}
_RELATED = {True: "RELATED", False: "NOT RELATED", None: ""}
_SUPPLEMENTS = {
    "who_umc": ("WHOUMC", "WHO-UMC Causality Category", "CRF", "INVESTIGATOR"),
    "expected": ("EXPECTED", "Expected by the Reference Safety List", "Assigned", ""),
    "dechallenge": ("DECHALL", "Result of Dechallenge", "CRF", "INVESTIGATOR"),
    "rechallenge": ("RECHALL", "Result of Rechallenge", "CRF", "INVESTIGATOR"),
    "treatment": ("TREATED", "Treatment Given for the Event", "CRF", ""),
    "source": ("REPORTED", "How the Event Became Known", "CRF", ""),
    "llt_code": ("LLTCODE", "MedDRA Lowest Level Term Code", "Assigned", ""),
    "soc_name": ("SOCNAME", "MedDRA System Organ Class", "Assigned", ""),
    "meddra_version": ("MEDDRAV", "MedDRA Version", "Assigned", ""),
}
"""Column of the source: QNAM, QLABEL, QORIG, QEVAL. A class without its code, and a code without its name, are no
AESOC and AELLTCD: those come in pairs."""


def ae(study: Study) -> list[Row]:
    """Return the rows of AE."""
    return [_event(study, row) for row in study.source.rows("adverse_event")]


def _event(study: Study, row: Row) -> Row:
    person, term = row["participant"], label(row["term"])
    told = " ".join((row["verbatim"] or "").split())
    epoch, found = _epoch(study, row)
    made: Row = {
        PERSON: person,
        SOURCE: (f"adverse_event/{row['id']}",),
        "AESPID": str(row["number"]),
        "AETERM": told or term or WITHHELD,
        "AEMODIFY": term.upper(),
        "AEDECOD": row["pt_name"] or (term or told or WITHHELD).upper(),
        "AEPTCD": float(row["pt_code"]) if row["pt_code"] and row["pt_code"].isdigit() else None,
        "AESEV": (row["severity"] or "").upper(),
        "AETOXGR": "" if row["grade"] is None else str(row["grade"]),
        "AEACN": _action(study, row),
        "AEACNOTH": "TIME OF DAY OF THE DOSE CHANGED" if row["action"] == "time_changed" else "",
        "AEREL": _RELATED[row["related"]],
        "AEOUT": _OUTCOMES.get(row["outcome"] or "", ""),
        "AECONTRT": "Y" if row["treatment"] else "",
        "EPOCH": epoch,
        "AESTDTC": dates.iso(row["start"]),
        "AEENDTC": dates.iso(row["stop"]),
        SUPPLEMENT: _supplement(row) | found,
    }
    if row["ongoing"]:
        made |= {"AEENRTPT": "ONGOING", "AEENTPT": _last_contact(study, person)}
    reference = made["AEENDTC"] or made.get("AEENTPT", "")
    if reference and not made["AESTDTC"]:
        made |= {"AESTRTPT": "UNKNOWN", "AESTTPT": reference}  # the standard refuses an end alone
    return made | _seriousness(row["serious"])


def _epoch(study: Study, row: Row) -> tuple[str, dict[str, Qualifier]]:
    """Return the epoch of the start, and how it was found where the start alone does not tell it.

    The start was no later than the end, and no later than when the study knew of it. Where its days lie in several
    epochs, or nobody knows it, it is the epoch of the last day that it can be.
    """
    person, began = row["participant"], dates.bounds(row["start"])
    others = (dates.bounds(row[told]) for told in ("stop", "learned"))
    known = [each[1] for each in others if each is not None]
    if began is None:
        last = min(known, default=None)
        return ("", {}) if last is None else _by_last(study.epoch(person, last))
    first = began[0]
    last = max(first, min([began[1], *known]))
    epoch = study.epoch(person, last)
    return (epoch, {}) if epoch == study.epoch(person, first) else _by_last(epoch)


def _by_last(epoch: str) -> tuple[str, dict[str, Qualifier]]:
    if not epoch:
        return "", {}
    return epoch, {BY_LAST: Qualifier("How the Epoch Was Found", LAST_DAY, "Derived")}


def _last_contact(study: Study, person: str) -> str:
    """Return the day until which nothing said that it ended."""
    last = study.last_contact(person)
    return "" if last is None else last.isoformat()


def label(term: str | None) -> str:
    """Return the English label of a term of the vocabulary; empty if none was chosen."""
    return vocabulary.shipped().of(term).label["en"] if term else ""


def _action(study: Study, row: Row) -> str:
    """Say what was done about the drug; of an event before any drug there was nothing to do."""
    first, began = study.first_dose(row["participant"]), dates.bounds(row["start"])
    is_before = first is None or (began is not None and began[1] < first)
    if is_before and row["action"] in (None, "none"):
        return "NOT APPLICABLE"
    return _ACTIONS.get(row["action"] or "", "")


def _seriousness(told: str | None) -> Row:
    """Say whether it was serious; which criteria are met only of an event that was. Unknown stays empty."""
    if told is None:
        return {"AESER": ""}
    met = set(filter(None, told.split(";")))
    if not met:
        return {"AESER": "N"}
    return {"AESER": "Y"} | {name: _YES_NO[each in met] for each, name in _CRITERIA.items()}


def _supplement(row: Row) -> dict[str, Qualifier]:
    found: dict[str, Qualifier] = {}
    for column, (name, text, origin, evaluator) in _SUPPLEMENTS.items():
        value = row[column]
        if isinstance(value, bool):
            value = _YES_NO[value]
        if value:
            is_code = column in ("treatment", "llt_code", "soc_name", "meddra_version")
            words = str(value) if is_code else str(value).replace("_", " ").upper()
            found |= qualifiers(name, text, words, origin=origin, evaluator=evaluator)
    return found


@cache
def _conditions() -> dict[str, dict[str, str]]:
    """Return which variables of a screening ask for a condition, in which words."""
    written = files("hometrial.exports.sdtm").joinpath("history.csv").read_text(encoding="utf-8")
    return {line["variable"]: line for line in csv.DictReader(written.splitlines())}


def mh(study: Study) -> list[Row]:
    """Return the rows of MH; its categories only where there are several, as one would tell nothing."""
    made = [*_asked(study), *_symptoms(study)]
    if len({row["MHCAT"] for row in made}) == 1:
        for row in made:
            del row["MHCAT"]
    return made


def _asked(study: Study) -> Iterator[Row]:
    """Yield each condition that a person's last screening asked for and that was answered."""
    last: dict[str, Row] = {}
    for row in study.source.rows("screening"):
        kept = last.get(row["participant"])
        if kept is None or row["number"] > kept["number"]:
            last[row["participant"]] = row
    newest = {row["id"] for row in last.values()}
    answered = {
        (row["screening"], row["variable"]): row
        for row in study.source.rows("screening_answer")
        if row["screening"] in newest and row["value"] is not None
    }
    for (screening, variable), row in answered.items():
        asked = _conditions().get(variable)
        if asked is not None:
            yield _condition(row, asked, answered.get((screening, asked["months"])))


def _condition(row: Row, asked: dict[str, str], months: Row | None) -> Row:
    said = str(row["value"])
    is_choice = row["type"] == "choice"
    is_there = said != asked["absent"] if is_choice else said.lower() in ("true", "yes")
    more = {}
    if is_there and is_choice:
        words = said.replace("_", " ").upper()
        more[asked["qnam"]] = Qualifier(asked["qlabel"], words)
    if is_there and months is not None:
        more["ILLMONTH"] = Qualifier("Months Ill at Screening", canonical(months["number"]))
    sources = [row] if months is None else [row, months]
    return {
        PERSON: row["participant"],
        SOURCE: tuple(f"screening_answer/{each['id']}" for each in sources),
        "MHTERM": asked["term"],
        "MHCAT": asked["category"],
        "MHPRESP": "Y",
        "MHOCCUR": "Y" if is_there else "N",
        "MHDTC": row["recorded"] or "",
        SUPPLEMENT: more,
    }


def _symptoms(study: Study) -> Iterator[Row]:
    """Yield what bothered a person before the drug; grade 0 says that it did not."""
    for row in study.source.rows("baseline_symptom"):
        yield {
            PERSON: row["participant"],
            SOURCE: (f"baseline_symptom/{row['id']}",),
            "MHTERM": label(row["term"]),
            "MHCAT": "SYMPTOM BEFORE TREATMENT",
            "MHPRESP": "Y",
            "MHOCCUR": "Y" if row["grade"] else "N",
            "MHDTC": row["recorded"] or "",
            SUPPLEMENT: {
                "BASEGRAD": Qualifier(
                    "Grade Before Treatment, 0 if Absent", canonical(row["grade"]), "CRF", ""
                )
            },
        }
