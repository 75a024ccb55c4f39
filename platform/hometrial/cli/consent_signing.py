"""`hometrial consent-document paper` and `countersign`: signatures that the staff enter or give."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from hometrial.cli.consent_document import consent_document
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import ConsentSignature, Participant
from hometrial.protocol.comprehension import Quiz
from hometrial.services import enrolling, migrating
from hometrial.services.agreeing import (
    papering,
    reconsenting,
    sealing,
    signing,
    texts,
)
from hometrial.services.agreeing.acts import Act, Helper
from hometrial.services.agreeing.papering import Sheets
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.agreeing.texts import Offer
from hometrial_ingest.data_types import DataType

PATH = click.Path(path_type=Path, dir_okay=False)
CODE = click.argument("code", metavar="PARTICIPANT")
DOCUMENT = click.option("--document", default="main", show_default=True, help="The document's id.")
LANGUAGE = click.option("--language", default="en", show_default=True)
_NAME = click.option("--name", required=True, help="The printed name beside the signature.")
_ZONE = click.option("--zone", required=True, metavar="ZONE", help="IANA zone where it was signed.")
_MEANING = click.option("--meaning", required=True, help="What the signature means, in words.")
IDENTITY = click.option("--identity", required=True, help="How it was made sure who signs.")


@consent_document.command("paper")
@CODE
@_NAME
@click.option("--signed-at", required=True, metavar="INSTANT", help="With its offset.")
@_ZONE
@_MEANING
@IDENTITY
@click.option("--led-by", required=True, metavar="ACCOUNT", help="Who led the discussion.")
@click.option("--scan", type=PATH, required=True, help="The paper as PDF, JPEG or PNG.")
@click.option("--answer", "answers", multiple=True, metavar="QUESTION=ANSWER", help="All of them.")
@click.option("--answered", type=click.Choice(["paper", "call"]), default="paper")
@click.option(
    "--grant", "granted", multiple=True, type=click.Choice([each.value for each in DataType])
)
@click.option("--scribe", metavar="NAME", help="Who wrote for the person.")
@click.option("--proxy", metavar="NAME", help="Who signed for the person.")
@click.option("--relation", default="", help="How scribe or proxy stands to the person.")
@DOCUMENT
@LANGUAGE
@click.pass_obj
def paper(database: Database, /, code: str, **said: Any) -> None:
    """Record a consent signed on paper: who, when, the scan, the answers, each data type that was ticked.

    \b
    Example:
      hometrial consent-document paper P-0001 --name "Zoë Müller" --scan signed.pdf \\
        --signed-at 2026-11-02T10:30:00+01:00 --zone Europe/Berlin --meaning "I agree" \\
        --identity "passport shown" --led-by dr-ada --answer may_stop=true --grant steps
    """
    migrating.require_newest(database)
    who, keys = database.settings.who(), Keys.of(database.settings)
    with database.transaction(who, "consent on paper") as session:
        person = enrolling.find_participant(session, code)
        offer = offer_of(session, person, said["document"], said["language"])
        sheets = Sheets(
            instant("--signed-at", said["signed_at"]),
            _bytes(said["scan"]),
            _answers(offer.quiz, said["answers"]),
            said["answered"],
        )
        signed = papering.record(session, keys, person, offer, _act(said), sheets)
        scan = sealing.said_in(keys, signed)["scan_sha256"]
    click.echo(f"{code} signed {offer.named} on paper at {signed.signed_at.isoformat()}")
    click.echo(f"signature {signed.id}, sha256 {signed.sha256}; scan sha256 {scan}")


@consent_document.command("countersign")
@CODE
@_NAME
@_ZONE
@_MEANING
@IDENTITY
@click.option("--reauthentication", help="What was asked for anew at this moment.")
@click.option("--on-paper-at", metavar="INSTANT", help="Signed by hand on the same paper, when.")
@DOCUMENT
@click.pass_obj
def countersign(database: Database, /, code: str, document: str, **said: Any) -> None:
    """Countersign the newest signature of a person as the investigator (HOMETRIAL_ACTOR says who).

    \b
    Example:
      hometrial consent-document countersign P-0001 --name "Ada Byron" --zone Europe/Berlin \\
        --meaning "I led the discussion" --identity "staff register" \\
        --reauthentication "password and code"
    """
    migrating.require_newest(database)
    who, keys = database.settings.who(), Keys.of(database.settings)
    by_hand = said["on_paper_at"]
    if (by_hand is None) == (said["reauthentication"] is None):
        raise TrialError("give --reauthentication, or of a signature by hand --on-paper-at")
    act = Act(
        said["name"], said["zone"], said["meaning"], said["reauthentication"] or "",
        said["identity"], discussed_with=who,
    )  # fmt: skip
    with database.transaction(who, "countersign a consent") as session:
        signature = signature_of(session, enrolling.find_participant(session, code), document, None)
        if by_hand is None:
            beside = signing.countersign(session, keys, signature, act, by=who)
        else:
            at = instant("--on-paper-at", by_hand)
            beside = papering.countersign(session, keys, signature, act, signed_at=at, by=who)
    click.echo(f"{document} {signature.version} of {code} is countersigned, sha256 {beside.sha256}")


def _act(said: dict[str, Any]) -> Act:
    if said["scribe"] and said["proxy"]:
        raise TrialError("--scribe and --proxy: somebody wrote for the person, or signed for them")
    name = said["scribe"] or said["proxy"]
    return Act(
        name=said["name"],
        zone=said["zone"],
        meaning=said["meaning"],
        reauthentication=papering.BY_HAND,
        identity_check=said["identity"],
        discussed_with=said["led_by"],
        role="scribe" if said["scribe"] else "proxy" if said["proxy"] else "self",
        helper=Helper(name, said["relation"]) if name else None,
        granted=tuple(DataType(each) for each in said["granted"]),
    )


def _answers(quiz: Quiz, given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or name in found:
            listed = ", ".join(question.id for question in quiz.questions)
            raise TrialError(f"--answer {each!r}: write QUESTION=ANSWER once for each of {listed}")
        found[name] = value
    return found


def offer_of(session: Session, person: Participant, document: str, language: str) -> Offer:
    """Return what a person is asked to sign: anew if they signed before, else what their version asks."""
    on_drug = bool(reconsenting.on_drug(session, [person]))
    asked = reconsenting.due(session, person, is_on_drug=on_drug)
    offers = [each.offer for each in asked] or list(texts.offered(session, person, language))
    for each in offers:
        if each.document.id == document:
            return each
    raise TrialError(
        f"{document}: {person.code} is asked {', '.join(each.named for each in offers)}"
    )


def signature_of(
    session: Session, person: Participant, document: str, number: str | None
) -> ConsentSignature:
    """Return a person's signature under a version of a document, or the newest. Raises TrialError."""
    rows = [each for each in signing.signatures(session, person) if each.document == document]
    found = [each for each in rows if number in (None, each.version)]
    if not found:
        listed = ", ".join(f"{each.document} {each.version}" for each in rows) or "nothing"
        raise TrialError(
            f"{person.code} has not signed {document} {number or ''}; they signed {listed}"
        )
    return max(found, key=lambda each: texts.number(each.version))


def instant(option: str, text: str) -> datetime:
    """Return an instant as it was typed. Raises TrialError unless it says its zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TrialError(f"{option} {text!r} is no instant; write 2026-03-07T18:00:00Z") from error
    if moment.tzinfo is None:
        raise TrialError(f"{option} {text!r} has no zone; end it with Z or an offset as +01:00")
    return moment.astimezone(UTC)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TrialError(f"{path}: {error.strerror}; give the scanned file") from error
