"""Forms without a network: what a device takes along, the page it shows then, and what it sends afterwards."""

import hashlib
from typing import Any

from flask import (
    Response,
    current_app,
    jsonify,
    render_template,
    request,
    send_from_directory,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant
from hometrial.participant import looks, words
from hometrial.participant.pages.asking import typed
from hometrial.participant.pages.asking.door import Here, pages, person_of, zone_of
from hometrial.participant.site import transaction, visit
from hometrial.questionnaires import portable
from hometrial.questionnaires.instrument import NumberItem, ScaleItem, WordsItem
from hometrial.questionnaires.rendering import Form, Question, WordingAbsentError
from hometrial.services import enrolling
from hometrial.services.asking import crisis, definitions, progress, today, uploading
from hometrial.services.asking.opening import NotAskedError
from hometrial.services.asking.progress import Progress
from hometrial.services.asking.uploading import Received, UploadRefusedError


@pages.get("/worker.js")
def worker() -> Response:
    """Serve the worker from the root, so that it may answer for every page where there is no network."""
    return send_from_directory(str(current_app.static_folder), "worker.js")


@pages.get("/ask/without-network")
def shell() -> str:
    """Serve the page that a device shows where there is no network; it holds nothing of anybody."""
    return render_template("asking/shell.html", units=typed.UNITS)


@pages.get("/ask/packages")
def packages() -> Response:
    """Return all that is needed to answer the forms that are open now, on a device without a network."""
    language = looks.current().language
    with transaction("take forms along") as session:
        person = person_of(session)
        due = today.today(session, person, language)
        lines = crisis.information(crisis.country_of(enrolling.zones_of(session, person)))
        found = [
            package for each in due if (package := _package(session, person, each)) is not None
        ]
    shown = {"emergency": lines.emergency, "lines": [[x.name, x.call] for x in lines.lines]}
    return jsonify(owner=owner(), crisis=shown, packages=found)


def owner() -> str:
    """Return by what a device knows whose answers it keeps: nothing that tells who it is."""
    secret = f"{current_app.secret_key!r}|{visit().participant_id}"
    return hashlib.sha256(secret.encode()).hexdigest()[:32]


def _package(session: Session, person: Participant, due: today.Due) -> dict[str, Any] | None:
    asked = due.occasion
    at = progress.of(session, person, asked.form.id, asked.name)
    try:
        form = definitions.form_of(session, at.instrument, looks.current().language)
    except WordingAbsentError:
        return None
    brief = asked.asked == "short"
    shown = at.instrument.presentation
    rules = portable.shown_rules(at.instrument)
    questions = zip(form.questions, rules, strict=True)
    return {
        "form": asked.form.id,
        "occasion": asked.name,
        "title": form.title,
        "notice": form.notice,
        "recall": form.recall,
        "definition_sha256": at.definition_sha256,
        "revision": at.revision,
        "language": form.language,
        "closes_at": due.closes_at.isoformat(),
        "skip_reasons": list(shown.skip_reasons),
        "alerts": portable.alert_rules(at.instrument, _dangers(form)),
        "items": [rule | _item(each, brief=brief) for each, rule in questions],
        "said": _said(at),
    }


def _dangers(form: Form) -> list[str]:
    known = form.instrument
    return [each.id for each in known.alerts if crisis.is_shown_for(known.id, each.id)]


def _said(at: Progress) -> dict[str, Any]:
    return {name: {"value": row.value, "skipped": row.skipped} for name, row in at.said.items()}


def _item(question: Question, *, brief: bool) -> dict[str, Any]:
    item = question.item
    found: dict[str, Any] = {
        "type": item.type,
        "asked": item.in_crash or not brief,
        "text": question.text,
        "stem": question.stem,
        "help": question.help,
        "choices": [[each.value, each.text] for each in question.choices],
        "ends": [question.low_text, question.high_text],
    }
    if isinstance(item, NumberItem | ScaleItem):
        found |= {"low": item.low, "high": item.high}
    if isinstance(item, NumberItem):
        found |= {"unit": item.unit}
    if isinstance(item, WordsItem):
        found |= {"most": item.max_length}
    return found


@pages.get("/ask/send")
def door() -> Response:
    """Say whose page this is, and give the token that sending needs."""
    return jsonify(owner=owner(), token=generate_csrf())


@pages.post("/ask/send")
def send() -> ResponseReturnValue:
    """Take in what a device kept; sent twice, it is taken in once, and answered alike."""
    try:
        with transaction("answers that a device kept") as session:
            return jsonify(_take(session, request.get_data()))
    except (UploadRefusedError, NotAskedError, WordingAbsentError) as error:
        current_app.logger.info("upload refused: %s", error)
        told = gettext("These answers could not be taken in. They stay here. Please tell the team.")
        return jsonify(told=told), 409


def _take(session: Session, body: bytes) -> dict[str, Any]:
    person = person_of(session)
    received = uploading.receive(session, person, body, by=f"participant:{visit().code}")
    upload = uploading.read(body)
    found = progress.of(session, person, upload.form, upload.occasion)
    return _receipt(Here(session, person, found, zone_of(session, person)), received, upload)


def _receipt(at: Here, received: Received, upload: uploading.Upload) -> dict[str, Any]:
    """Return what a device is told: how many words were kept, and a sentence for the person."""
    when = words.moment(received.upload.received_at, clock.now(), at.zone)
    rejected = [each for each in received.refused if each.place < len(upload.entries)]
    return {
        "kept": len(upload.entries) - len(rejected),
        "rejected": len(received.refused),
        "danger": received.crisis is not None,
        "told": _told(at, received, upload, when),
    }


def _told(at: Here, received: Received, upload: uploading.Upload, when: str) -> str:
    if not received.refused:
        ended = upload.ends != "rest"
        text = gettext("Your answers were received at %(when)s.", when=when) if ended else ""
        return str(text)
    if at.progress.revision > upload.revision:
        return str(
            gettext(
                "These questions had been handed in before, from another device. "
                "What was kept here was sent too, and is marked as not used."
            )
        )
    return str(
        gettext(
            "Some answers came too late or could not be used. They were sent, and are marked as not used."
        )
    )
