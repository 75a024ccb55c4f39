"""A person's consent: talks, reading, signatures with their proof, choices of what is shared."""

from uuid import UUID

from flask import Response, g
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import TALK_WAYS, Participant
from hometrial.services import enrolling
from hometrial.services.agreeing import (
    copying,
    discussing,
    papering,
    scanning,
    sealing,
    signing,
    understanding,
)
from hometrial.services.agreeing.acts import Act, SignatureRefusedError
from hometrial.services.agreeing.discussing import Talk
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.viewing.person import consents as viewing
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import (
    ActForm,
    choice,
    line,
    moment,
    moment_of,
    reason,
    said,
)
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study

MEANING = "I led the discussion, and the person has understood what they agreed to."
_IDENTITY = "Such as: passport shown. Never a number of a document."


class TalkForm(ActForm):
    """A talk about the trial."""

    has_moments = True
    way = choice("How", [(each, each.replace("_", " ")) for each in TALK_WAYS])
    led_by = line("Who led it", needed="Name whose talk it was.")
    identity_check = line(
        "How it was made sure who they are", needed="Say how you know who it was.", hint=_IDENTITY
    )
    held_at = moment("When it was held", hint="Left empty: just now.")


class CallForm(ActForm):
    """A call about the questions of comprehension."""

    reason = reason("What was talked over", hint="It opens one more try at the questions.")


class CountersignForm(ActForm):
    """An investigator's signature beside a person's."""

    has_moments = True
    name = line("Your printed name", needed="Give the name that stands beside the signature.")
    meaning = line("What your signature means", needed="Say what it means.", longest=500)
    identity_check = line("How it is known whose name this is", needed="Say how it is known.")
    signed_at = moment(
        "Signed by hand on the same paper", hint="Only if so: when. Left empty: signed here, now."
    )


@pages.get("/<code>/consent")
@permits("consent.see")
def consent(code: str) -> str:
    """Show all of a person's consent."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        found = viewing.consents(session, _keys(), person)
        return shown(session, person, "person/consent.html", found=found)


@pages.get("/<code>/consent/<uuid:signature>/copy.pdf")
@permits("consent.see", logs="exported")
def consent_copy(code: str, signature: UUID) -> Response:
    """Give the copy of what was signed: the same bytes each time. Printed names stand in it."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        made = copying.copy(session, _keys(), viewing.signature(session, person, signature))
    return _file(made.body, made.name, "application/pdf")


@pages.get("/<code>/consent/<uuid:signature>/scan")
@permits("identity.see", logs="identity")
def consent_scan(code: str, signature: UUID) -> Response:
    """Give the scan of what was signed on paper, as it was scanned."""
    keys = _keys()
    with reading() as session:
        person = enrolling.find_participant(session, code)
        told = sealing.said_in(keys, viewing.signature(session, person, signature))
        if "scan_payload" not in told:
            raise SignatureRefusedError(f"{code} signed this on a screen; there is no scan")
        body = scanning.read(session, keys.identity, person.id, told)
    ending = "pdf" if body.startswith(b"%PDF") else "png" if body.startswith(b"\x89P") else "jpg"
    return _file(body, f"consent-{code}-scan.{ending}", "application/octet-stream")


def _file(body: bytes, name: str, kind: str) -> Response:
    answer = Response(body, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _keys() -> Keys:
    return Keys.of(study().database.settings)


@pages.route("/<code>/consent/talk", methods=["GET", "POST"])
@permits("consent.record")
def consent_talk(code: str) -> Answer:
    """Record that the trial was talked over with a person, who may then sign on their page."""
    form = TalkForm()
    if not form.is_submitted():
        form.led_by.data = me().actor
    lead = "The fact is recorded, never the words. After it they may sign on their own page."
    deed = Deed(code, "The trial was talked over", "Record it", "people.consent", lead)

    def act(session: Session, person: Participant) -> str:
        held_at = moment_of(form, "held_at") or clock.now()
        talk = Talk(said(form.way), said(form.led_by), said(form.identity_check), held_at)
        discussing.record(session, person, talk, by=me().actor)
        return f"Recorded: {person.code} may sign now."

    return perform(deed, form, act)


@pages.route("/<code>/consent/call", methods=["GET", "POST"])
@permits("consent.record")
def consent_call(code: str) -> Answer:
    """Record a call after the tries at the questions were used up; it opens one more."""
    form = CallForm()
    lead = (
        "They have used up their tries at the questions. Talk over what went wrong, then record it."
    )
    deed = Deed(code, "A call about the questions", "Record it", "people.consent", lead)

    def act(session: Session, person: Participant) -> str:
        for offer in viewing.consents(session, _keys(), person).offers:
            if understanding.tries(session, person, offer).needs_call:
                tries = understanding.record_call(
                    session, person, offer, by=me().actor, note=form.why
                )
                return f"They have {tries.left} more try at the questions of {offer.named}."
        raise understanding.QuizRefusedError(f"{person.code} has tries left; no call is needed")

    return perform(deed, form, act)


@pages.route("/<code>/consent/<uuid:signature>/countersign", methods=["GET", "POST"])
@permits("consent.countersign", fresh=True, logs="signed")
def countersign(code: str, signature: UUID) -> Answer:
    """Countersign a person's signature as the investigator."""
    form = CountersignForm()
    if not form.is_submitted():
        form.name.data, form.meaning.data = me().full_name, MEANING
    lead = "You sign beside the person. Any byte that changed since they signed refuses it."
    deed = Deed(code, "Countersign", "Sign", "people.consent", lead)

    def act(session: Session, person: Participant) -> str:
        theirs = viewing.signature(session, person, signature)
        given = Act(
            name=said(form.name),
            zone=form.zone.key,
            meaning=said(form.meaning),
            reauthentication=f"{g.session.means}, anew on the staff site",
            identity_check=said(form.identity_check),
            discussed_with=me().actor,
        )
        at = moment_of(form, "signed_at")
        if at is None:
            made = signing.countersign(session, _keys(), theirs, given, by=me().actor)
        else:
            made = papering.countersign(
                session, _keys(), theirs, given, signed_at=at, by=me().actor
            )
        return f"{made.document} {made.version} is countersigned, sha256 {made.sha256}."

    return perform(deed, form, act)
