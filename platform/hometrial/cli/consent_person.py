"""`hometrial consent-document` for one person: talks, calls, what they signed, and its copy."""

import json
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.cli.consent_document import JSON, consent_document
from hometrial.cli.consent_signing import (
    CODE,
    DOCUMENT,
    IDENTITY,
    LANGUAGE,
    PATH,
    instant,
    offer_of,
    signature_of,
)
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import TALK_WAYS, ConsentSignature
from hometrial.services import enrolling, migrating
from hometrial.services.agreeing import (
    copying,
    discussing,
    reconsenting,
    signing,
    texts,
    understanding,
)
from hometrial.services.agreeing.discussing import Talk
from hometrial.services.agreeing.sealing import Keys

__all__ = ["consent_document"]


@consent_document.command("talked")
@CODE
@click.option("--way", type=click.Choice(TALK_WAYS), required=True)
@click.option("--led-by", metavar="ACCOUNT", help="Who led it; default: whoever records it.")
@click.option("--at", metavar="INSTANT", help="When it was held; default: now.")
@IDENTITY
@click.pass_obj
def talked(
    database: Database, code: str, way: str, led_by: str | None, at: str | None, identity: str
) -> None:
    """Record that the trial was talked over with a person, who may then sign on their page.

    \b
    Example:
      hometrial consent-document talked P-0001 --way video --identity "passport shown"
    """
    migrating.require_newest(database)
    who, held_at = database.settings.who(), clock.now() if at is None else instant("--at", at)
    with database.transaction(who, "the trial was talked over") as session:
        person = enrolling.find_participant(session, code)
        talk = Talk(way, led_by or who, identity, held_at)
        discussing.record(session, person, talk, by=who)
    click.echo(f"{code} talked it over with {talk.led_by} at {held_at.isoformat()}")


@consent_document.command("called")
@CODE
@click.option("--note", required=True, help="What was talked over; kept in the trail.")
@DOCUMENT
@LANGUAGE
@click.pass_obj
def called(database: Database, code: str, note: str, document: str, language: str) -> None:
    """Record a call after the tries at the questions were used up; it opens one more try.

    \b
    Example:
      hometrial consent-document called P-0001 --note "opioids explained once more"
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, "a call about the questions") as session:
        person = enrolling.find_participant(session, code)
        offer = offer_of(session, person, document, language)
        tries = understanding.record_call(session, person, offer, by=who, note=note)
    click.echo(f"{code} has {tries.left} more try at the questions of {offer.named}")


@consent_document.command("signed")
@CODE
@JSON
@click.pass_obj
def signed(database: Database, code: str, as_json: bool) -> None:  # noqa: FBT001
    """List what a person signed: version, when and how, switches, countersignature.

    \b
    Example:
      hometrial consent-document signed P-0001
    """
    migrating.require_newest(database)
    with database.reading() as session:
        person = enrolling.find_participant(session, code)
        rows = [_row(session, each) for each in signing.signatures(session, person)]
        on_drug = bool(reconsenting.on_drug(session, [person]))
        due = (
            [
                f"{each.offer.named}: {each.asks} by {each.due_by.isoformat()}"
                for each in reconsenting.due(session, person, is_on_drug=on_drug)
            ]
            if rows
            else []
        )
    if as_json:
        click.echo(json.dumps({"signatures": rows, "due": due}, indent=2))
        return
    for row in rows:
        beside = row["countersigned_at"] or "not countersigned yet"
        click.echo(
            f"{row['document']} {row['version']} {row['language']}  {row['signed_at']}  {row['kind']}, {row['role']}"
            f"  on: {', '.join(row['granted']) or 'nothing'}  {beside}"
        )
    for each in due:
        click.echo(f"due: {each}")
    if not rows:
        click.echo(f"{code} has signed nothing yet")


@consent_document.command("copy")
@CODE
@click.option("--to", "file", type=PATH, required=True, help="The PDF to write; never overwritten.")
@click.option("--version", "number", help="Of the document; default: the newest that was signed.")
@DOCUMENT
@click.pass_obj
def copy(database: Database, code: str, file: Path, number: str | None, document: str) -> None:
    """Write the copy of a signed document as PDF and print its checksum; the same each time.

    \b
    Example:
      hometrial consent-document copy P-0001 --to P-0001.pdf
    """
    migrating.require_newest(database)
    who, keys = database.settings.who(), Keys.of(database.settings)
    with database.transaction(who, "copy of a consent") as session:
        signature = signature_of(
            session, enrolling.find_participant(session, code), document, number
        )
        made = copying.give(session, keys, signature, to=who)
        _write(file, made.body)
    click.echo(f"{file}: {len(made.body)} bytes, sha256 {made.sha256}")


def _row(session: Session, signature: ConsentSignature) -> dict[str, Any]:
    beside = signing.countersignature(session, signature)
    return {
        "signature": str(signature.id),
        "document": signature.document,
        "version": signature.version,
        "language": texts.row_of(session, signature).language,
        "signed_at": signature.signed_at.isoformat(),
        "zone": signature.zone,
        "kind": signature.kind,
        "role": signature.role,
        "granted": signature.granted,
        "sha256": signature.sha256,
        "countersigned_at": None if beside is None else beside.signed_at.isoformat(),
        "countersigned_by": None if beside is None else beside.signer,
    }


def _write(file: Path, body: bytes) -> None:
    try:
        with file.open("xb") as stream:
            stream.write(body)
    except OSError as error:
        raise TrialError(f"{file}: {error.strerror}; name a file that is not there yet") from error
