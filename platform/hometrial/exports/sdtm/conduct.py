"""DS, SV, SE, IE, DV: what people went through: milestones and ends, visits, elements, criteria not met, deviations."""

import re
from collections.abc import Iterator
from datetime import date

from hometrial.exports.metadata import ValueRefusedError
from hometrial.exports.sdtm import leaving, planned
from hometrial.exports.sdtm.assembling import PERSON, SOURCE, Row
from hometrial.exports.sdtm.attended import ActualVisit
from hometrial.exports.sdtm.criteria import Criterion, criteria
from hometrial.exports.sdtm.study import Study

_MODES = {
    "clinic": "IN PERSON",
    "video": "REMOTE AUDIO VIDEO",
    "phone": "TELEPHONE CALL",
    "remote": "REMOTE FORMS",
}
"""SVCNTMOD; REMOTE FORMS extends CDISC's list: forms of a visit without a conversation. The system meets nobody."""
_MILESTONE, _DISPOSITION = "PROTOCOL MILESTONE", "DISPOSITION EVENT"
_ONGOING = "STILL IN THE STUDY"
"""Of an interim snapshot: a term of ours in an open list of CDISC (OTHEVENT)."""
_HEARD_OF = "HEARD OF AFTER THE END"
"""Of whoever had an adverse event after their participation: another term of ours."""
_MEETING = re.compile(r"[;,\s]+")


def ds(study: Study) -> list[Row]:
    """Return consents, eligibility and allocation as milestones, the ends of treatment and participation, or that it goes on."""
    return [
        {PERSON: person, **row}
        for person in study.people
        for row in (
            *_milestones(study, person),
            *_ends(study, person),
            *_goes_on(study, person),
        )
    ]


def _milestones(study: Study, person: str) -> Iterator[Row]:
    consented = study.consented(person)
    if consented is not None:
        day, source = consented
        yield _milestone("INFORMED CONSENT OBTAINED", day.isoformat(), source)
        for row in study.rows("consent_signature", person):
            is_more = f"consent_signature/{row['id']}" != source and row["part"] == "participant"
            if is_more:
                words = f"CONSENT TO {row['document']} {row['version']} OBTAINED".upper()
                again = _milestone(
                    "INFORMED CONSENT OBTAINED",
                    row["signed"][:10],
                    f"consent_signature/{row['id']}",
                )
                yield {**again, "DSTERM": words}
    for row in study.rows("screening", person):
        met = {"eligible": "ELIGIBILITY CRITERIA MET", "screen_failure": "ELIGIBILITY CRITERIA NOT MET"}  # fmt: skip
        if row["outcome"] in met and row["decided"]:
            yield _milestone(met[row["outcome"]], row["decided"][:10], f"screening/{row['id']}")
    for row in study.rows("allocation", person):
        yield _milestone("RANDOMIZED", row["allocated"][:10], f"allocation/{row['id']}")


def _milestone(term: str, day: str, source: str) -> Row:
    return {
        "DSTERM": term, "DSDECOD": term, "DSCAT": _MILESTONE, "DSSTDTC": day, SOURCE: (source,),
    }  # fmt: skip


def _ends(study: Study, person: str) -> Iterator[Row]:
    found = {
        "STUDY TREATMENT": leaving.treatment(study, person),
        "STUDY PARTICIPATION": leaving.participation(study, person),
    }
    for what, end in found.items():
        if end is not None:
            yield {
                "DSTERM": end.words, "DSDECOD": end.term, "DSCAT": _DISPOSITION, "DSSCAT": what,
                "DSSTDTC": end.day, SOURCE: (end.source,),
            }  # fmt: skip


def _goes_on(study: Study, person: str) -> Iterator[Row]:
    """Say until when anything is known of whoever takes part still, or had an event after the end (FB3401)."""
    last, end = study.last_contact(person), leaving.participation(study, person)
    if last is None:
        return
    if end is None and (study.consented(person) is not None or study.rows("adverse_event", person)):
        yield _known_until(person, _ONGOING, last)
    elif end is not None and any(
        (row["start"] or "")[:10] > end.day for row in study.rows("adverse_event", person)
    ):
        yield _known_until(person, _HEARD_OF, last)


def _known_until(person: str, term: str, last: date) -> Row:
    return {
        "DSTERM": term, "DSDECOD": term, "DSCAT": "OTHER EVENT", "DSSTDTC": last.isoformat(),
        SOURCE: (f"participant/{person}",),
    }  # fmt: skip


def sv(study: Study) -> list[Row]:
    """Return every visit that was held or missed; what is not yet due, or still open, is none."""
    return [_visit(study, person, each) for person in study.people for each in study.visits(person)]


def _visit(study: Study, person: str, visit: ActualVisit) -> Row:
    day = "" if visit.day is None else visit.day.isoformat()
    row: Row = {
        PERSON: person,
        SOURCE: (f"visit/{visit.row['id']}",),
        "VISITNUM": visit.number,
        "VISIT": visit.name,
        "SVCNTMOD": _MODES.get(visit.row["mode"] or "", ""),
        "SVSTDTC": day,
        "SVENDTC": day,
    }
    if visit.planned is None:
        return {**row, "SVUPDES": _unplanned(study, visit)}
    is_missed = visit.day is None
    return {
        **row,
        "SVPRESP": "Y",
        "SVOCCUR": "N" if is_missed else "Y",
        "SVREASOC": visit.row["reason"] if is_missed else "",
        "VISITDY": visit.planned.day,
    }


def _unplanned(study: Study, visit: ActualVisit) -> str:
    labels = {each.id: each.label for each in study.protocol.unscheduled_visits}
    label = labels.get(visit.row["visit"], visit.row["visit"])
    reason = (visit.row["reason"] or "").strip()
    return f"{label}: {reason}" if reason else str(label)


def se(study: Study) -> list[Row]:
    """Return the elements that each person entered, each until the next begins."""
    return [
        {
            PERSON: person,
            SOURCE: (each.source,),
            "SESTDTC": each.first.isoformat(),
            "SEENDTC": each.end.isoformat(),
            **_element(study, person, each.epoch),
        }
        for person in study.people
        for each in study.elements(person)
    ]


def _element(study: Study, person: str, epoch: str) -> Row:
    """Name an element; one that only an earlier version of the protocol had was planned by none that holds."""
    codes = planned.element_codes(study.protocol)
    if epoch not in codes:
        term = study.epoch_terms.get(epoch, "")
        return {"ETCD": planned.UNPLANNED, "SEUPDES": planned.element(epoch), "EPOCH": term}
    arm = study.arm(person)
    epochs = study.protocol.epochs if arm is None else study.protocol.epochs_of(arm)
    order = {each.id: place for place, each in enumerate(epochs, start=1)}
    return {
        "ETCD": codes[epoch], "ELEMENT": planned.element(epoch), "TAETORD": order.get(epoch),
        "EPOCH": study.epoch_terms[epoch],
    }  # fmt: skip


def ie(study: Study) -> list[Row]:
    """Return the criteria that were not met in each person's last screening."""
    known = {each.id: each for each in criteria(study.source)}
    rows: list[Row] = []
    for person in study.people:
        screened = study.screened(person)
        if screened is None or not screened["failing"]:
            continue
        for written in _MEETING.split(screened["failing"].strip()):
            if written not in known:
                raise ValueRefusedError(
                    f"screening {screened['id']} of {person} failed for {written!r}, which no version of the protocol has"
                )
            rows.append(_not_met(person, known[written], screened["decided"], screened["id"]))
    return rows


def _not_met(person: str, criterion: Criterion, decided: str | None, screening: str) -> Row:
    said = "N" if criterion.category == "INCLUSION" else "Y"
    return {
        PERSON: person,
        SOURCE: (f"screening/{screening}",),
        "IETESTCD": criterion.code,
        "IETEST": criterion.text,
        "IECAT": criterion.category,
        "IEORRES": said,
        "IESTRESC": said,
        "IEDTC": (decided or "")[:10],
    }


def dv(study: Study) -> list[Row]:
    """Return the protocol deviations, in the words that they were told in; the category where these stay behind."""
    return [
        {
            PERSON: row["participant"],
            SOURCE: (f"deviation/{row['id']}",),
            "DVSPID": str(row["number"]),
            "DVTERM": (row["description"] or "").strip()
            or row["category"].replace("_", " ").upper(),
            "DVDECOD": row["category"].replace("_", " ").upper(),
            "DVCAT": row["impact"].upper(),
            "DVSTDTC": row["happened"].isoformat(),
        }
        for row in study.source.rows("deviation")
    ]
