"""Depression that rises from one form to a later one (SI2), or is high: what no single form can tell of itself."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import InstrumentVersion, Participant, Response, Submission
from hometrial.questionnaires.instrument import Instrument
from hometrial.questionnaires.scoring import Scored
from hometrial.services.asking import scores
from hometrial.services.safety import alerting
from hometrial.services.safety.alerting import Values

RULE = "SI2"
RISE, REACHED, HIGH = 5, 15, 20
_EIGHT = {"phq9": "phq8", "phq8": "total"}
"""The score of the eight questions that the instruments share, by which one is held against the other."""
Scores = Mapping[str, float | None]


def look(
    session: Session, person: Participant, form: Response, instrument: Instrument, scored: Scored
) -> None:
    """Alert a total that rose by 5 or more to 15 or more, or is 20 or more.

    It is held against the form before, and against the person's first: what rises slowly rises as well.
    """
    total = scored.scores.get("total")
    if instrument.id not in _EIGHT or total is None:
        return
    earlier = _earlier(session, person, form)
    rises = [_rise(instrument.id, scored.scores, *each) for each in earlier[:1] + earlier[-1:]]
    rise = max((each for each in rises if each is not None), default=None)
    if total < HIGH and (rise is None or rise < RISE or total < REACHED):
        return
    values: Values = {"instrument": instrument.id, "total": total, "rise": rise}
    alerting.raise_alert(session, person, rule=RULE, level="amber", values=values)


def _rise(instrument: str, now: Scores, before_by: str, before: Scores) -> float | None:
    """Return by how much a form is above an earlier one, of the same instrument or by what both ask; None: unknown."""
    same = instrument == before_by
    pair = (
        now.get("total" if same else _EIGHT[instrument]),
        before.get("total" if same else _EIGHT[before_by]),
    )
    return None if pair[0] is None or pair[1] is None else pair[0] - pair[1]


def _earlier(session: Session, person: Participant, form: Response) -> list[tuple[str, Scores]]:
    """Return the scores of a person's earlier forms with their instruments, by the day that each was due."""
    rows = session.execute(
        select(Submission, InstrumentVersion.instrument)
        .join(Response, Response.id == Submission.response_id)
        .join(InstrumentVersion, InstrumentVersion.sha256 == Response.definition_sha256)
        .where(
            Response.participant_id == person.id,
            Response.id != form.id,
            Response.due <= form.due,
            InstrumentVersion.instrument.in_(_EIGHT),
        )
        .order_by(Response.due, Submission.submitted_at, Submission.revision)
    )
    newest = {submission.response_id: (submission, name) for submission, name in rows}
    found = [(name, scores.newest(session, each)) for each, name in newest.values()]
    return [
        (name, row.scores)
        for name, row in found
        if row is not None and row.scores.get("total") is not None
    ]
