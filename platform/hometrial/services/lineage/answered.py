"""The chain of an answer or a score: words, sitting, the bytes sent, submission and verdict, instrument, consent."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.errors import ExportRefusedError
from hometrial.models import (
    Answer,
    AnswerUpload,
    Batch,
    FormScore,
    InstrumentVersion,
    Participant,
    Payload,
    Response,
    Sitting,
    Submission,
)
from hometrial.services.asking import definitions
from hometrial.services.lineage import bytes_sent, consented, judged
from hometrial.services.lineage.chain import Chain, Step, facts

_DOCUMENT = "submission.json"
_DEVICE_SENT = "answers kept by the device"


def item(session: Session, record: str, response: Response, name: str) -> Chain:
    """Return the chain of the answer to one item of a form. Raises ExportRefusedError for an item that it has not."""
    person = session.get_one(Participant, response.participant_id)
    instrument = definitions.kept(session, response.definition_sha256)
    if instrument.item(name) is None:
        raise ExportRefusedError(
            f"{record}: {instrument.id} {instrument.version} has no item {name}"
        )
    submissions = _submissions(session, response)
    stands = _standing(submissions)
    words = _words(session, response, name)
    held = [each for each in words if stands is not None and each.revision < stands.revision]
    moment = held[-1].answered_at if held else response.opened_at
    steps = (
        *(_word(session, each, is_last=each is held[-1]) for each in reversed(held)),
        *_sent(session, response, submissions, name),
        _instrument(session, response, name),
        *consented.steps(session, person.id, moment),
    )
    value = Step("value", f"Answer to {name} of {response.form}, {response.occasion}", _value(held))
    return Chain(record, person.code, (value, *steps))


def _value(held: list[Answer]) -> tuple[tuple[str, str], ...]:
    if not held:
        return facts({"answer": "none: the form did not ask, or nothing was said"})
    last = held[-1]
    return facts({"value": last.value, "skipped": last.skipped, "answered": last.answered_at})


def form(session: Session, record: str, response: Response) -> Chain:
    """Return the chain of a form as a whole."""
    person = session.get_one(Participant, response.participant_id)
    known = {
        "form": response.form,
        "occasion": response.occasion,
        "due": response.due,
        "opened": response.opened_at,
    }
    submissions = _submissions(session, response)
    sittings = session.scalars(
        select(Sitting).where(Sitting.response_id == response.id).order_by(Sitting.began_at)
    )
    stands = _standing(submissions)
    moment = response.opened_at if stands is None else stands.submitted_at
    steps = (
        Step("value", f"Form {response.form}, {response.occasion}", facts(known)),
        *(_sitting(each) for each in sittings),
        *_sent(session, response, submissions, None),
        _instrument(session, response, None),
        *consented.steps(session, person.id, moment),
    )
    return Chain(record, person.code, steps)


def score(session: Session, record: str, response: Response, name: str) -> Chain:
    """Return the chain of a score: its rule, the answers that it is made of, and all that those rest on.

    Raises ExportRefusedError for a score that the form has not.
    """
    person = session.get_one(Participant, response.participant_id)
    instrument = definitions.kept(session, response.definition_sha256)
    rule = next((each for each in instrument.scores if each.id == name), None)
    if rule is None:
        raise ExportRefusedError(
            f"{record}: {instrument.id} {instrument.version} has no score {name}"
        )
    submissions = _submissions(session, response)
    stands = _standing(submissions)
    computed = [] if stands is None else _scores(session, stands)
    declared = rule.model_dump(mode="json", exclude_defaults=True)
    made_of = list(declared.get("items", ()))
    known = {
        "score": name,
        "formula": str(declared),
        "scorer": computed[0].scorer if computed else None,
    }
    steps = (
        *(_computed(each, name, is_last=each is computed[0]) for each in computed),
        Step("rule", f"Score {name} of {instrument.id} {instrument.version}", facts(known)),
        *(Step("record", f"item/{response.id}/{each}", facts({"record": f"item/{response.id}/{each}"})) for each in made_of),
        *_sent(session, response, submissions, "answers"),
        _instrument(session, response, None),
        *consented.steps(session, person.id, response.opened_at if stands is None else stands.submitted_at),
    )  # fmt: skip
    return Chain(record, person.code, steps)


def _scores(session: Session, submission: Submission) -> list[FormScore]:
    return list(
        session.scalars(
            select(FormScore)
            .where(FormScore.submission_id == submission.id)
            .order_by(FormScore.number.desc())
        )
    )


def _computed(row: FormScore, name: str, *, is_last: bool) -> Step:
    known = {
        "value": row.scores.get(name),
        "band": row.bands.get(name),
        "number": row.number,
        "answered": row.n_answered,
        "missing": row.n_missing,
        "prorated": row.prorated,
        "without": ", ".join(row.without) or None,
        "because": row.because,
        "computed": row.computed_at,
    }
    title = f"Score {name}" if is_last else f"Score {name} as it was computed before"
    return Step("value" if is_last else "before", title, facts(known))


def _submissions(session: Session, response: Response) -> list[Submission]:
    return list(
        session.scalars(
            select(Submission)
            .where(Submission.response_id == response.id)
            .order_by(Submission.revision.desc())
        )
    )


def _standing(submissions: list[Submission]) -> Submission | None:
    said = [each for each in submissions if each.kind != "too_ill"] or submissions
    return said[0] if said else None


def _words(session: Session, response: Response, name: str) -> list[Answer]:
    return list(
        session.scalars(
            select(Answer)
            .where(Answer.response_id == response.id, Answer.item == name)
            .order_by(Answer.revision, Answer.answered_at, Answer.place)
        )
    )


def _word(session: Session, word: Answer, *, is_last: bool) -> Step:
    known = {
        "answer": word.id,
        "value": word.value,
        "skipped": word.skipped,
        "answered": word.answered_at,
        "received": word.received_at,
        "revision": word.revision,
        "seconds on the screen": word.seconds,
        "changes before": word.changes,
        "alert": word.alert,
    }
    below = [_sitting(session.get_one(Sitting, word.sitting_id))]
    if word.upload_id is not None:
        below.append(_upload(session, word, session.get_one(AnswerUpload, word.upload_id)))
    title = f"Answer to {word.item}" if is_last else f"What was answered to {word.item} before"
    return Step("answer" if is_last else "before", title, facts(known), below=tuple(below))


def _sitting(row: Sitting) -> Step:
    known = {
        "sitting": row.id,
        "language": row.language,
        "wording": row.wording_sha256,
        "by": row.by,
        "mode": row.mode,
        "respondent": row.respondent,
        "because": row.because,
        "began": row.began_at,
        **{f"device {name}": value for name, value in sorted(row.device.items())},
    }
    return Step("sitting", f"Sitting, {row.mode}, in {row.language}", facts(known))


def _upload(session: Session, word: Answer, upload: AnswerUpload) -> Step:
    payload = session.get_one(Payload, upload.payload_id)
    known = {
        "payload": payload.id,
        "sha256": payload.sha256,
        "size": f"{payload.size} bytes",
        "sent": upload.sent_at,
        "received": upload.received_at,
        "clock ahead by": f"{upload.skew_seconds:g} s",
    }
    raw = bytes_sent.naming(session, payload, _DEVICE_SENT, word.item)
    return Step("payload", "What the device sent when it was on line again", facts(known), raw)


def _sent(
    session: Session, response: Response, submissions: list[Submission], key: str | None
) -> Iterator[Step]:
    """Yield each submission with its bytes, there what it says under a key, and the gate's verdict of them."""
    for row in submissions:
        payload = session.get_one(Payload, row.payload_id)
        raw = bytes_sent.key_of(session, payload, _DOCUMENT, key or "answers")
        known = {
            "sha256": payload.sha256,
            "size": f"{payload.size} bytes",
            "received": payload.received_at,
        }
        below = [Step("payload", f"Payload of {payload.provider}", facts(known), raw)]
        batches = session.scalars(
            select(Batch).where(Batch.payload_id == payload.id).order_by(Batch.created_at)
        )
        below += [judged.batch_step(session, each, None) for each in batches]
        told = {
            "submission": row.id,
            "revision": row.revision,
            "kind": row.kind,
            "asked": row.asked,
            "submitted": row.submitted_at,
            "received": row.received_at,
            "late": row.late,
            "because": row.because,
        }
        title = f"Submission {row.revision} of {response.form}, {response.occasion}"
        yield Step("submission", title, facts(told), below=tuple(below))


def _instrument(session: Session, response: Response, name: str | None) -> Step:
    row = session.get_one(InstrumentVersion, response.definition_sha256)
    asked = definitions.kept(session, row.sha256).item(name) if name else None
    known = {
        "sha256": row.sha256,
        "kept": row.kept_at,
        "item": None
        if asked is None
        else str(asked.model_dump(mode="json", exclude_defaults=True)),
    }
    return Step("instrument", f"{row.instrument} {row.version}", facts(known))


def answer_of(session: Session, told: str) -> Answer | None:
    """Return a word on an item by its id, None if it is none."""
    try:
        return session.get(Answer, UUID(told))
    except ValueError:
        return None
