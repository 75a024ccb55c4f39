"""Answers of a submission as the frame that the gate judges."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Answer, AnswerUpload, Participant, Response, Submission
from hometrial.questionnaires.answers import refusal
from hometrial.questionnaires.instrument import Instrument, NumberItem, ScaleItem
from hometrial.services.asking import definitions, opening, scores
from hometrial.services.asking.opening import NotAskedError
from hometrial_validation.frame import Context, Settings

TYPES: dict[str, Any] = {
    "value": np.float64,
    "low": np.float64,
    "high": np.float64,
    "seconds": np.float64,
    "skew": np.float64,
    "form": "category",
    "item": "category",
    "placement": "category",
}
"""The columns of the frame that pandas would take for something else."""


def frame(
    session: Session, submission: Submission, response: Response, said: Sequence[Answer]
) -> tuple[pd.DataFrame, Context]:
    """Return the words that a submission holds, each at its place in `said`, and what the gate knows besides."""
    instrument = definitions.kept(session, response.definition_sha256)
    opens_at, closes_at = _window(session, response)
    skews = _skews(session, said)
    whole = {
        "form": str(submission.id),
        "repeats": _repeats(session, response, said),
        "placement": "placed",
    }
    rows = [
        {
            "row_id": place,
            **facts(instrument, word),
            "skew": skews.get(word.upload_id, 0.0),
            "opens_at": opens_at if opens_at is not None else clock.microseconds(word.answered_at),
            "closes_at": closes_at or clock.microseconds(word.answered_at) + 1,
            **whole,
        }
        for place, word in enumerate(said)
    ]
    return pd.DataFrame(rows).astype(TYPES), Context(now=clock.microseconds(clock.now()))


def facts(instrument: Instrument, word: Answer) -> dict[str, Any]:
    """Return what the gate is told of one word by itself."""
    item, value = instrument.item(word.item), word.value
    ranged = item if isinstance(item, NumberItem | ScaleItem) else None
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return {
        "item": word.item,
        "is_known": item is not None,
        "is_possible": _is_possible(
            instrument, word, ranged=ranged is not None and number is not None
        ),
        "value": None if number is None else float(number),
        "low": None if ranged is None else float(ranged.low),
        "high": None if ranged is None else float(ranged.high),
        "on_scale": item is not None and item.type in ("choice", "scale"),
        "seconds": word.seconds,
        "at": clock.microseconds(word.answered_at),
    }


def _is_possible(instrument: Instrument, word: Answer, *, ranged: bool) -> bool:
    """Say whether the item's type holds the answer; how great a number is another question."""
    if word.value is None or ranged or instrument.item(word.item) is None:
        return True
    return refusal(instrument, word.item, word.value) is None


def _window(session: Session, response: Response) -> tuple[int | None, int | None]:
    """Return when the form opened and closed; None where the protocol no longer asks it."""
    person = session.get_one(Participant, response.participant_id)
    try:
        asked = opening.find(session, person, response.form, response.occasion)
    except NotAskedError:
        return None, None
    return clock.microseconds(asked.opening.opens_at), clock.microseconds(asked.opening.closes_at)


def _skews(session: Session, said: Sequence[Answer]) -> dict[Any, float]:
    uploads = {word.upload_id for word in said if word.upload_id is not None}
    rows = session.scalars(select(AnswerUpload).where(AnswerUpload.id.in_(uploads)))
    return {row.id: row.skew_seconds for row in rows}


def _repeats(session: Session, response: Response, said: Sequence[Answer]) -> bool:
    """Say whether a form of several answers says the very same as that of the occasion before."""
    values = {word.item: word.value for word in said if word.value is not None}
    if len(values) < Settings.straight_items:
        return False
    before = session.scalars(
        select(Submission)
        .join(Response, Response.id == Submission.response_id)
        .where(
            Response.participant_id == response.participant_id,
            Response.form == response.form,
            Response.due < response.due,
            Submission.kind != "too_ill",
        )
        .order_by(Response.due.desc(), Submission.revision.desc())
        .limit(1)
    ).one_or_none()
    return before is not None and scores.answers_of(session, before)[1] == values
