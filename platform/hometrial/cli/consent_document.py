"""`hometrial consent-document`: the texts that people sign, whether they are whole, and who signs anew."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from hometrial.cli.screening import in_force
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import ConsentText, ProtocolVersion
from hometrial.protocol import consent_text
from hometrial.protocol.consent import ELEMENTS, ConsentDocument
from hometrial.services import migrating
from hometrial.services.agreeing import checking, reconsenting, texts
from hometrial.services.agreeing.reconsenting import Due
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.trial import publishing

JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
TEST = click.option("--test", "is_test", is_flag=True, help="Of a rehearsal, beside the trial.")
_VERSION = click.option("--protocol-version", "number", help="Default: the version in force.")
_DOCUMENT = click.option("--document", default="main", show_default=True, help="The document's id.")
_LANGUAGE = click.option("--language", default="en", show_default=True)
_PATH = click.Path(path_type=Path, dir_okay=False)


@click.group("consent-document")
def consent_document() -> None:
    """Consent by document: texts, talks, signatures on screen and on paper, copies, signing anew."""


@consent_document.command("keep")
@click.argument("protocol", metavar="PROTOCOL")
@click.option("--text", "body", type=_PATH, help="The text, filled in; without it what is shipped.")
@click.option("--quiz", type=_PATH, help="The questions; default: those shipped beside the text.")
@_DOCUMENT
@_LANGUAGE
@_VERSION
@TEST
@click.pass_obj
def keep(
    database: Database,
    /,
    protocol: str,
    body: Path | None,
    quiz: Path | None,
    **which: Any,
) -> None:
    """Keep the words of a document, byte by byte; without --text those that come with the product.

    \b
    Example:
      hometrial consent-document keep ldn-mecfs --language de --text consent.de.md
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, "keep the words of a consent document") as session:
        version = _version(session, protocol, which["number"], is_test=which["is_test"])
        if body is None:
            kept, missing = texts.keep_shipped(session, version, by=who)
        else:
            document = _document(version, which["document"], which["language"])
            questions = consent_text.shipped(document)[1] if quiz is None else _read(quiz)
            row = texts.keep(session, version, document, body=_read(body), quiz=questions, by=who)
            kept, missing = [row], []
    tell_kept(kept, missing, protocol)
    if missing:
        raise TrialError(f"{protocol}: not every document has its words; see above")


def tell_kept(kept: list[ConsentText], missing: list[str], protocol: str) -> None:
    """Say which words were kept, and how to give those that are not there."""
    for row in kept:
        named = f"{row.document} {row.version} in {row.language}"
        click.echo(f"kept {named}: sha256 {row.sha256}")
    for each in missing:
        click.echo(each)
    if missing:
        click.echo(
            "print a text, fill it in and keep it:\n"
            f"  hometrial consent-document text {protocol} --language en > consent.en.md\n"
            f"  hometrial consent-document keep {protocol} --language en --text consent.en.md"
        )


@consent_document.command("text")
@click.argument("protocol", metavar="PROTOCOL")
@click.option("--quiz", "is_quiz", is_flag=True, help="The questions in place of the text.")
@_DOCUMENT
@_LANGUAGE
@_VERSION
@TEST
@click.pass_obj
def text(database: Database, /, protocol: str, is_quiz: bool, **which: Any) -> None:  # noqa: FBT001
    """Print the words of a document as they are kept, or else as they ship, to be filled in.

    \b
    Example:
      hometrial consent-document text ldn-mecfs --language de > consent.de.md
    """
    migrating.require_newest(database)
    with database.reading() as session:
        version = _version(session, protocol, which["number"], is_test=which["is_test"])
        document = _document(version, which["document"], which["language"])
        row = dict(texts.kept_of(session, version))[document]
    words, questions = consent_text.shipped(document) if row is None else (row.body, row.quiz)
    click.echo(questions if is_quiz else words, nl=False)


@consent_document.command("list")
@click.argument("protocol", metavar="PROTOCOL")
@_VERSION
@TEST
@JSON
@click.pass_obj
def list_(
    database: Database,
    protocol: str,
    number: str | None,
    is_test: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """List the documents of a protocol's version: languages, approval, and whether the words are there.

    \b
    Example:
      hometrial consent-document list ldn-mecfs
    """
    migrating.require_newest(database)
    with database.reading() as session:
        version = _version(session, protocol, number, is_test=is_test)
        rows = [_listed(*each) for each in texts.kept_of(session, version)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        words = f"sha256 {row['sha256']}" if row["sha256"] else "words not kept yet"
        approval = row["ethics_reference"] or "no approval yet"
        named = f"{row['document']} {row['version']} {row['language']}"
        click.echo(f"{named:<16} {approval:<18} asks {row['impact']} of {row['affects']}  {words}")


def _listed(document: ConsentDocument, row: ConsentText | None) -> dict[str, Any]:
    return {
        "document": document.id,
        "version": document.version,
        "language": document.language,
        "ethics_reference": document.ethics_reference,
        "impact": document.impact,
        "affects": document.affects,
        "sha256": None if row is None else row.sha256,
        "kept_by": None if row is None else row.kept_by,
    }


@consent_document.command("show")
@click.argument("protocol", metavar="PROTOCOL")
@_DOCUMENT
@_LANGUAGE
@_VERSION
@TEST
@JSON
@click.pass_obj
def show(database: Database, /, protocol: str, as_json: bool, **which: Any) -> None:  # noqa: FBT001
    """Show a document: which section tells each element that it must cover, and what is missing.

    \b
    Example:
      hometrial consent-document show ldn-mecfs --language de
    """
    migrating.require_newest(database)
    with database.reading() as session:
        version = _version(session, protocol, which["number"], is_test=which["is_test"])
        document = _document(version, which["document"], which["language"])
        row = dict(texts.kept_of(session, version))[document]
    wanted = publishing.of(version).consent.elements
    told = {
        each: [section.id for section in document.sections if each in section.elements]
        for each in wanted
    }
    if as_json:
        click.echo(json.dumps(_listed(document, row) | {"elements": told}, indent=2))
        return
    click.echo(f"{document.id} {document.version} in {document.language}")
    click.echo("words: " + ("not kept yet" if row is None else f"sha256 {row.sha256}"))
    click.echo(f"approved by a committee: {document.ethics_reference or 'not yet'}")
    for element, sections in told.items():
        where = ", ".join(sections) or "NOWHERE"
        click.echo(f"  {element:<16} {where:<28} {ELEMENTS[element]}")


@consent_document.command("due")
@click.argument("protocol", metavar="PROTOCOL")
@TEST
@JSON
@click.pass_obj
def due(database: Database, protocol: str, is_test: bool, as_json: bool) -> None:  # noqa: FBT001
    """List who is to read or sign a new version, the longest overdue first.

    \b
    Example:
      hometrial consent-document due ldn-mecfs
    """
    migrating.require_newest(database)
    with database.reading() as session:
        people = reconsenting.signers(session, protocol, is_test=is_test)
        on_drug = reconsenting.on_drug(session, people)
        rows = [
            _due(each)
            for each in reconsenting.everyone_due(
                session, protocol, on_drug=on_drug, is_test=is_test
            )
        ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        late = "OVERDUE since" if row["overdue"] else "by"
        click.echo(
            f"{row['participant']}  {row['asks']:<9} {row['document']} {row['signed']} -> {row['version']}"
            f"  {late} {row['due_by']}"
        )
    if not rows:
        click.echo("nobody is asked anything anew")


def _due(each: Due) -> dict[str, Any]:
    return {
        "participant": each.person.code,
        "document": each.offer.document.id,
        "signed": each.signed,
        "version": each.offer.document.version,
        "asks": each.asks,
        "since": each.since.isoformat(),
        "due_by": each.due_by.isoformat(),
        "overdue": each.is_overdue,
        "sections_to_read": list(each.sections),
    }


@consent_document.command("verify")
@JSON
@click.pass_obj
def verify(database: Database, as_json: bool) -> None:  # noqa: FBT001
    """Verify every signature: text, statement, seal and scan as they were; 1 if any is broken.

    \b
    Example:
      hometrial consent-document verify
    """
    migrating.require_newest(database)
    with database.reading() as session:
        count, broken = checking.verify_all(session, Keys.of(database.settings))
    if as_json:
        told = [
            {"signature": str(each.id), "of": each.of, "faults": each.faults} for each in broken
        ]
        click.echo(json.dumps({"signatures": count, "broken": told}, indent=2))
    else:
        click.echo(f"{count} signatures, {len(broken)} broken")
        for each in broken:
            click.echo(f"  {each.of}, signature {each.id}: {'; '.join(each.faults)}")
    if broken:
        sys.exit(1)


def _version(
    session: Session, protocol: str, number: str | None, *, is_test: bool
) -> ProtocolVersion:
    if number is None:
        return in_force(session, protocol, is_test=is_test)
    return publishing.find(session, protocol, number, is_test=is_test)


def _document(version: ProtocolVersion, name: str, language: str) -> ConsentDocument:
    """Return the newest version of a document in a language. Raises TrialError that lists those there are."""
    all_ = publishing.of(version).consent.documents
    found = [each for each in all_ if (each.id, each.language) == (name, language)]
    if not found:
        listed = ", ".join(dict.fromkeys(f"{each.id} in {each.language}" for each in all_))
        raise TrialError(f"there is no document {name} in {language}; there are {listed}")
    return max(found, key=lambda each: texts.number(each.version))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is no UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise TrialError(f"{path}: {reason}; give a text file in UTF-8") from error
