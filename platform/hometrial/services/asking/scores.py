"""Scores of submissions, computed here and nowhere else, each kept with the version that computed it."""

from collections.abc import Collection

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import FormScore, Response, Sitting, Submission
from hometrial.questionnaires.answers import Answers, visible
from hometrial.questionnaires.instrument import Instrument
from hometrial.questionnaires.packs import Tables
from hometrial.questionnaires.scoring import SCORER, Scored, ScoringError, score
from hometrial.services.asking import definitions, words

UNSCORABLE = "unscorable"
"""The flag of a form whose answers contradict each other, so that no score can be made of them."""


def compute(
    session: Session, submission: Submission, *, without: Collection[str] = (), because: str
) -> Scored | None:
    """Score a submission as its instrument was then, without some items, and keep it.

    None if its answers contradict each other: that is kept as a flag, and the form is not refused for it.
    """
    key = {"key": f"hometrial.scores.{submission.id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
    instrument, answers = answers_of(session, submission)
    counted = {name: value for name, value in answers.items() if name not in without}
    scored: Scored | None = None
    try:
        tables = _tables(session, submission, instrument)
        scored = score(instrument, visible(instrument, counted), tables)
    except ScoringError as error:
        because = f"{because}; not scored: {error}"
    row = row_of(submission, scored, sorted(without), because)
    before = newest(session, submission)
    row.number = 1 if before is None else before.number + 1
    session.add(row)
    session.flush()
    return scored


def answers_of(session: Session, submission: Submission) -> tuple[Instrument, Answers]:
    """Return what a submission answers and its answers, those to hidden items included."""
    response = session.get_one(Response, submission.response_id)
    said = words.last(words.spoken(session, response.id, submission.revision))
    return definitions.kept(session, response.definition_sha256), words.values(said)


def newest(session: Session, submission: Submission) -> FormScore | None:
    """Return the score that holds of a submission; None of a form that somebody was too ill for."""
    return session.scalars(
        select(FormScore)
        .where(FormScore.submission_id == submission.id)
        .order_by(FormScore.number.desc())
        .limit(1)
    ).one_or_none()


def _tables(session: Session, submission: Submission, instrument: Instrument) -> Tables:
    language = session.get_one(Sitting, submission.sitting_id).language
    pack = definitions.pack_of(session, instrument, language)
    return {} if pack is None else pack.tables


def row_of(
    submission: Submission, scored: Scored | None, without: list[str], because: str
) -> FormScore:
    """Return the row of what a submission comes to now; its number is its keeper's to give."""
    return FormScore(
        submission_id=submission.id,
        scorer=SCORER,
        scores={} if scored is None else dict(scored.scores),
        bands={} if scored is None else dict(scored.bands),
        flags=[UNSCORABLE] if scored is None else list(scored.flags),
        n_answered=None if scored is None else scored.n_answered,
        n_missing=None if scored is None else scored.n_missing,
        prorated=scored is not None and scored.prorated,
        without=without,
        because=because,
        computed_at=clock.now(),
    )
