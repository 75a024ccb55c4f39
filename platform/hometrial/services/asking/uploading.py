"""Answers that a device kept without a network: taken in once however often they come, each with its own instant."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.declarations import Declaration, Language, Several
from hometrial.errors import TrialError
from hometrial.models import Answer, AnswerUpload, Participant, Payload
from hometrial.questionnaires import loading
from hometrial.services import receiving
from hometrial.services.asking import alarming, definitions, opening, saving, submitting, writing
from hometrial.services.asking.crisis import Crisis
from hometrial.services.asking.opening import Manner, NotAskedError, Respondent
from hometrial.services.asking.saving import Entry, Refused, Saved, Skip
from hometrial.services.asking.writing import Writing

PROVIDER = "questionnaire-upload"
_CLOCK_MAY_DIFFER = timedelta(minutes=5)
Key = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{8,128}$")]


class UploadRefusedError(TrialError):
    """An upload that cannot be read, or whose key belongs to another one."""


class UploadedEntry(Declaration):
    """One word as a device tells it; its instant by the device's clock."""

    item: str
    value: int | float | str | None = None
    skipped: Skip | None = None
    screen: Annotated[int, Field(ge=0, lt=10_000)]
    seconds: float | None = None
    changes: Annotated[int, Field(ge=0, lt=10_000)] | None = None
    answered_at: AwareDatetime


class Upload(Declaration):
    """What a device sends: `client_key` is its own for this upload; `sent_at` by its clock.

    `revision`: how often the form had been submitted when the device got it. `definition_sha256`: what was asked.
    """

    schema_name: Literal["hometrial.upload/1"] = Field(alias="schema")
    client_key: Key
    sent_at: AwareDatetime
    form: str
    occasion: str
    definition_sha256: str
    revision: Annotated[int, Field(ge=0)] = 0
    language: Language
    device: dict[str, str] = Field(default={})
    respondent: Respondent = "self"
    because: str | None = None
    entries: Annotated[Several[UploadedEntry], Field(max_length=2000)]
    ends: Literal["rest", "submitted", "too_ill"] = "rest"
    ended_at: AwareDatetime


@dataclass(frozen=True)
class Received:
    """What became of an upload: which words (by place) were not kept and why, and whom to call at once.

    `repeated`: it came before, and nothing changed.
    """

    upload: AnswerUpload
    refused: tuple[Refused, ...]
    crisis: Crisis | None
    repeated: bool = False


def receive(session: Session, person: Participant, body: bytes, *, by: str) -> Received:
    """Take an upload in as it came; the same twice is one, whenever it is sent again.

    Raises UploadRefusedError, NotAskedError, WordingAbsentError: nothing is kept then, and the device keeps it.
    """
    upload = read(body)
    opening.hold(session, person.id)
    (payload_id,) = receiving.keep_bodies(session, PROVIDER, [body])
    known = session.scalars(
        select(AnswerUpload).where(
            AnswerUpload.participant_id == person.id, AnswerUpload.client_key == upload.client_key
        )
    ).one_or_none()
    if known is not None:
        return _again(session, person, known, payload_id, upload)
    at = _sit(session, person, upload, by)
    return _take(at, upload, payload_id)


def read(body: bytes) -> Upload:
    """Return what a device sent. Raises UploadRefusedError."""
    try:
        return Upload.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UploadRefusedError(
            f"the upload cannot be read: {place}: {first['msg']}; nothing of it was kept"
        ) from error


def _again(
    session: Session, person: Participant, known: AnswerUpload, payload_id: UUID, upload: Upload
) -> Received:
    if known.payload_id != payload_id and known.said_sha256 != _said(upload):
        before = session.get_one(Payload, known.payload_id)
        raise UploadRefusedError(
            f"under the key {upload.client_key} other answers came at "
            f"{before.received_at.isoformat(timespec='seconds')}; send these under a new key"
        )
    set_off = set(session.scalars(select(Answer.alert).where(Answer.upload_id == known.id)))
    instrument = definitions.kept(session, upload.definition_sha256)
    alerts = [each for each in instrument.alerts if each.id in set_off]
    return Received(
        known,
        tuple(Refused(**each) for each in known.refused),
        alarming.crisis_of(session, person, instrument, alerts),
        repeated=True,
    )


def _said(upload: Upload) -> str:
    """Return the hash of all that an upload says but for when it is sent: an answer of ours may get lost."""
    said = upload.model_dump(mode="json", exclude={"sent_at"})
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _sit(session: Session, person: Participant, upload: Upload, by: str) -> Writing:
    """Begin a sitting for what was said elsewhere; whether it was in time is each word's own question."""
    asked = opening.find(session, person, upload.form, upload.occasion)
    manner = Manner(
        by=by,
        language=upload.language,
        device=upload.device,
        respondent=upload.respondent,
        because=upload.because,
    )
    opening.refuse_if_of_staff(asked, manner)
    response = opening.response_of(session, person, upload.form, upload.occasion)
    if response is None:
        if loading.definition_hash(loading.named(asked.instrument)) != upload.definition_sha256:
            raise _other_version(upload)
        response = opening.begin(session, person, asked)
    if response.definition_sha256 != upload.definition_sha256:
        raise _other_version(upload)
    sitting = opening.sit(session, response, manner, upload.revision)
    return writing.of(session, person, response, sitting)


def _other_version(upload: Upload) -> NotAskedError:
    return NotAskedError(
        f"{upload.form} ({upload.occasion}) was filled in as {upload.definition_sha256[:12]}…, which is not "
        "what is asked here; load the form again"
    )


def _take(at: Writing, upload: Upload, payload_id: UUID) -> Received:
    now = clock.now()
    skew = upload.sent_at - now
    # A network makes a clock look slow, and never fast.
    ahead = skew if skew > timedelta() or skew < -_CLOCK_MAY_DIFFER else timedelta()
    saved = saving.weigh(at, [_entry(each, ahead) for each in upload.entries])
    ended_at = min(upload.ended_at - ahead, now)
    refused = [*saved.refused, *_refused_end(at, upload, saved, ended_at)]
    row = AnswerUpload(
        id=uuid4(),
        participant_id=at.person.id,
        client_key=upload.client_key,
        payload_id=payload_id,
        sent_at=upload.sent_at,
        received_at=now,
        skew_seconds=skew.total_seconds(),
        refused=[_plain(each) for each in refused],
        said_sha256=_said(upload),
    )
    at.session.add(row)
    at.session.flush()
    saving.store(at.session, saved, row.id)
    crisis = saved.crisis
    if upload.ends != "rest" and len(refused) == len(saved.refused):
        ended = submitting.hand_in(at, ended_at, is_too_ill=upload.ends == "too_ill")
        crisis = crisis or ended.crisis
    return Received(row, tuple(refused), crisis)


def _entry(told: UploadedEntry, ahead: timedelta) -> Entry:
    """Return a word with its instant by our clock, where the device's is wrong by minutes or more."""
    return Entry(
        told.item,
        told.value,
        told.skipped,
        told.screen,
        told.seconds,
        told.answered_at - ahead,
        told.changes,
    )


def _refused_end(
    at: Writing, upload: Upload, saved: Saved, ended_at: datetime
) -> tuple[Refused, ...]:
    """Say why a form that the device handed in is not: it can be taken up again and handed in here."""
    if upload.ends == "rest":
        return ()
    place = len(upload.entries)
    reason = at.refusal(ended_at)
    if reason is None and upload.ends == "submitted":
        left = submitting.left_with(at, saved.words)
        reason = str(submitting.BlanksLeftError(left)) if left else None
    return () if reason is None else (Refused(place, upload.ends, reason),)


def _plain(refused: Refused) -> dict[str, Any]:
    return asdict(refused)
