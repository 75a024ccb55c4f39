"""Forms handed in: with every item answered or skipped, or as a whole by somebody who is too ill; scored at once."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Answer, Participant, Submission
from hometrial.protocol.windows import Standing
from hometrial.questionnaires import alerting as rules
from hometrial.questionnaires.answers import shown_items, visible
from hometrial.questionnaires.instrument import Instrument
from hometrial.questionnaires.scoring import Scored
from hometrial.services import receiving
from hometrial.services.asking import alarming, rising, scores, words, writing
from hometrial.services.asking.crisis import Crisis
from hometrial.services.asking.opening import NotAskedError
from hometrial.services.asking.writing import Writing

PROVIDER = "questionnaire"
"""Under which name the bytes of submissions are kept."""


class BlanksLeftError(NotAskedError):
    """A form with items that are neither answered nor skipped; `items` are they."""

    def __init__(self, items: tuple[str, ...]) -> None:
        super().__init__(f"{', '.join(items)}: answer, or say that you would rather not")
        self.items = items


@dataclass(frozen=True)
class HandedIn:
    """A submission with what it comes to, and whom to call if that tells of danger."""

    submission: Submission
    scored: Scored | None
    crisis: Crisis | None


def submit(session: Session, person: Participant, sitting_id: UUID) -> HandedIn:
    """Hand a form in. Raises NotYoursError, NotAskedError (closed, submitted before), BlanksLeftError."""
    return hand_in(writing.at(session, person, sitting_id), clock.now())


def too_ill(session: Session, person: Participant, sitting_id: UUID) -> HandedIn:
    """Hand a form in as an answer of its own: too ill for it (N12). Raises NotYoursError, NotAskedError."""
    return hand_in(writing.at(session, person, sitting_id), clock.now(), is_too_ill=True)


def hand_in(at: Writing, moment: datetime, *, is_too_ill: bool = False) -> HandedIn:
    """Hand in what was said by a moment, which a device without network tells later. Raises as `submit`."""
    refused = at.refusal(moment)
    if refused is not None:
        raise NotAskedError(refused)
    said = words.last(words.spoken(at.session, at.response.id))
    if not is_too_ill and (left := items_left(at, said)):
        raise BlanksLeftError(left)
    submission = _record(at, said, moment, is_too_ill=is_too_ill)
    if is_too_ill:
        return HandedIn(submission, None, None)
    scored = scores.compute(at.session, submission, because="handed in")
    return HandedIn(submission, scored, _alarm(at, said, scored))


def items_left(at: Writing, said: dict[str, Answer]) -> tuple[str, ...]:
    """Return the items that are asked and have neither an answer nor a reason for none, in order.

    On bad days only those that the instrument asks in crash mode.
    """
    brief = at.asked is not None and at.asked.asked == "short"
    asked = asked_items(at.instrument, said, brief=brief)
    return tuple(name for name in asked if name not in said)


def asked_items(
    instrument: Instrument, said: Mapping[str, Answer], *, brief: bool
) -> tuple[str, ...]:
    """Return the items that are asked after what was said, in order; `brief`: those of crash mode alone."""
    shown = set(shown_items(instrument, words.values(said)))
    return tuple(
        item.id for item in instrument.items if item.id in shown and (item.in_crash or not brief)
    )


def left_with(at: Writing, fresh: Iterable[Answer]) -> tuple[str, ...]:
    """Return the items that would be left if some words were kept as well."""
    spoken = [*words.spoken(at.session, at.response.id), *fresh]
    return items_left(at, words.last(words.in_order(spoken)))


def _record(
    at: Writing, said: dict[str, Answer], moment: datetime, *, is_too_ill: bool
) -> Submission:
    body = json.dumps(document(at, said, moment), sort_keys=True, ensure_ascii=False).encode()
    (payload_id,) = receiving.keep_bodies(at.session, PROVIDER, [body])
    submission = Submission(
        response_id=at.response.id,
        sitting_id=at.sitting.id,
        revision=at.revision + 1,
        kind="too_ill" if is_too_ill else _kind(at),
        asked="short" if at.asked is not None and at.asked.asked == "short" else "full",
        submitted_at=moment,
        received_at=clock.now(),
        late=_is_late(at, moment),
        because=at.sitting.because,
        payload_id=payload_id,
    )
    at.session.add(submission)
    at.session.flush()
    return submission


def _kind(at: Writing) -> Literal["submitted", "corrected"]:
    before = of_response(at.session, at.response.id)
    corrects = before is not None and before.kind != "too_ill"
    return "corrected" if corrects else "submitted"


def of_response(session: Session, response_id: UUID) -> Submission | None:
    """Return the submission of a response that holds, the newest; None if there is none yet."""
    return session.scalars(
        select(Submission)
        .where(Submission.response_id == response_id)
        .order_by(Submission.revision.desc())
        .limit(1)
    ).one_or_none()


def _is_late(at: Writing, moment: datetime) -> bool:
    return at.asked is None or at.asked.opening.standing(moment) is Standing.CLOSED


def document(at: Writing, said: dict[str, Answer], moment: datetime) -> dict[str, Any]:
    """Return all that is handed in, as it is kept: the original of the submission."""
    return {
        "schema": "hometrial.submission/1",
        "participant": at.person.code,
        "response": str(at.response.id),
        "revision": at.revision + 1,
        "form": at.response.form,
        "occasion": at.response.occasion,
        "instrument": f"{at.instrument.id} {at.instrument.version}",
        "definition_sha256": at.response.definition_sha256,
        "language": at.sitting.language,
        "wording_sha256": at.sitting.wording_sha256,
        "submitted_at": moment.isoformat(),
        "because": at.sitting.because,
        "answers": {name: _word(row) for name, row in said.items()},
    }


def _word(row: Answer) -> dict[str, Any]:
    return {
        "value": row.value,
        "skipped": row.skipped,
        "screen": row.screen,
        "seconds": row.seconds,
        "answered_at": row.answered_at.isoformat(),
    }


def _alarm(at: Writing, said: dict[str, Answer], scored: Scored | None) -> Crisis | None:
    if scored is None:
        return None
    answers = visible(at.instrument, words.values(said))
    holding = rules.raised_by_form(at.instrument, answers, scored)
    found = alarming.most_urgent(holding)
    if found is not None:
        about = {name: value for name, value in scored.scores.items() if value is not None}
        alarming.sound(at.session, at.person, at.instrument, found, about)
    rising.look(at.session, at.person, at.response, at.instrument, scored)
    return alarming.crisis_of(at.session, at.person, at.instrument, holding)
