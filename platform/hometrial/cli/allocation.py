"""`hometrial allocation`: the arm of each person, drawn at the click, proven at the end."""

import json
import sys

import click
from sqlalchemy.orm import Session

from hometrial.cli.screening import in_force
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import AllocationScheme, Participant
from hometrial.services import enrolling, migrating
from hometrial.services.trial import allocating, revealing, schemes, sealed

_TEST = click.option("--test", "is_test", is_flag=True, help="Of a rehearsal, beside the trial.")


@click.group()
def allocation() -> None:
    """Allocate people to arms: no preview, no undo; the list is sealed and committed to beforehand."""


@allocation.command("open")
@click.argument("protocol", metavar="PROTOCOL")
@_TEST
@click.pass_obj
def open_(database: Database, protocol: str, is_test: bool) -> None:  # noqa: FBT001
    """Draw a seed, seal it, and print the commitment: publish that before the first person.

    The seal needs keys/allocation.hex of the home folder: keep it in the backup.

    \b
    Example:
      hometrial allocation open ldn-mecfs
    """
    migrating.require_newest(database)
    who, key = database.settings.who(), database.settings.key(sealed.KEY)
    with database.transaction(who, "open the allocation") as session:
        version = in_force(session, protocol, is_test=is_test)
        scheme = schemes.open_scheme(session, key, version, by=who)
    click.echo(f"{protocol} {version.version}: sha256 of the sealed file {scheme.commitment}")


@allocation.command("allocate")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def allocate(database: Database, code: str, as_json: bool) -> None:  # noqa: FBT001
    """Allocate an eligible person who has signed, once ever, and print the arm.

    \b
    Example:
      hometrial allocation allocate P-0001
    """
    migrating.require_newest(database)
    who, key = database.settings.who(), database.settings.key(sealed.KEY)
    with database.transaction(who, "allocate") as session:
        person = enrolling.find_participant(session, code)
        made = allocating.allocate(session, key, person, by=who)
    if as_json:
        told = {"participant": code, "arm": made.arm, "stratum": made.stratum}
        click.echo(json.dumps(told | {"number": made.number}, indent=2))
        return
    click.echo(f"{code}: {made.arm} (number {made.number} of {made.stratum})")


@allocation.command("in-error")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--because", required=True, help="What was wrong; kept for the report.")
@click.pass_obj
def in_error(database: Database, code: str, because: str) -> None:
    """Mark an allocation as made in error; the person keeps the arm, and the list goes on.

    \b
    Example:
      hometrial allocation in-error P-0001 --because "allocated before the run-in was over"
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, because) as session:
        person = enrolling.find_participant(session, code)
        allocating.mark_in_error(session, person, by=who, because=because)
    click.echo(f"{code}: marked as allocated in error; the allocation stays")


@allocation.command("reveal")
@click.argument("protocol", metavar="PROTOCOL")
@click.option("--because", required=True, help="Why now; nobody is allocated any more.")
@_TEST
@click.pass_obj
def reveal(database: Database, protocol: str, because: str, is_test: bool) -> None:  # noqa: FBT001
    """Make the sealed files public at the end of the trial: print them, and allocate nobody any more.

    \b
    Example:
      hometrial allocation reveal ldn-mecfs --because "last person out on 1 June"
    """
    migrating.require_newest(database)
    who, key = database.settings.who(), database.settings.key(sealed.KEY)
    with database.transaction(who, because) as session:
        found = _schemes(session, protocol, is_test=is_test)
        shut = [each for each in found if not revealing.is_revealed(session, each)]
        if not shut:
            raise TrialError(
                f"all of {protocol} is revealed; hometrial allocation verify {protocol}"
            )
        files = [
            revealing.reveal(session, key, each, by=who, because=because).file for each in shut
        ]
    for scheme, file in zip(shut, files, strict=True):
        click.echo(f"# sha256 {scheme.commitment}")
        click.echo(file, nl=False)


@allocation.command("verify")
@click.argument("protocol", metavar="PROTOCOL")
@_TEST
@click.pass_obj
def verify(database: Database, protocol: str, is_test: bool) -> None:  # noqa: FBT001
    """Prove after the reveal that every allocation is as it was drawn; exit code 1 if one is not.

    \b
    Example:
      hometrial allocation verify ldn-mecfs
    """
    migrating.require_newest(database)
    with database.reading() as session:
        found = _schemes(session, protocol, is_test=is_test)
        wrong = [row for each in found for row in revealing.verify(session, each)]
        codes = [session.get_one(Participant, row.participant_id).code for row in wrong]
    for code, row in zip(codes, wrong, strict=True):
        click.echo(
            f"{code}: {row.arm}, number {row.number} of {row.stratum}, was not drawn like this"
        )
    if wrong:
        sys.exit(1)
    click.echo(f"{protocol}: every allocation is as drawn from the file that was committed to")


def _schemes(session: Session, protocol: str, *, is_test: bool) -> list[AllocationScheme]:
    found = schemes.schemes_of(session, protocol, is_test=is_test)
    if not found:
        raise TrialError(f"no allocation of {protocol} was ever opened; hometrial allocation open")
    return found
