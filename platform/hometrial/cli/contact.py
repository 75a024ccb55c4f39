"""`hometrial participant contact`: how a person is reached; typed at a prompt, so that no shell remembers it."""

import click

from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.services import enrolling, identifying, migrating
from hometrial.services.entering import addresses

_ASKED = {"email": "E-mail address", "phone": "Phone number", "name": "Name"}


@click.command("contact")
@click.argument("code", metavar="P-0001")
@click.option("--email", is_flag=True, help="Ask for the address that codes and reminders go to.")
@click.option("--phone", is_flag=True, help="Ask for a phone number.")
@click.option("--name", is_flag=True, help="Ask for the name.")
@click.pass_obj
def contact(database: Database, code: str, email: bool, phone: bool, name: bool) -> None:  # noqa: FBT001
    """Keep how a person is reached, encrypted; each is asked for, or read from a line of the input.

    Without an option it says what is on record, and not what it is.

    \b
    Example:
      hometrial participant contact P-0001 --email --phone
      hometrial participant contact P-0001 --email < address.txt
    """
    migrating.require_newest(database)
    chosen = {"email": email, "phone": phone, "name": name}
    values = {field: _ask(field) for field, wanted in chosen.items() if wanted}
    key = database.settings.key("identity")
    reason = f"keep how a person is reached: {', '.join(values)}" if values else "look"
    with database.transaction(database.settings.who(), reason) as session:
        person = enrolling.find_participant(session, code)
        if values:
            identifying.keep(session, key, person.id, **values)
        known = [field for field in _ASKED if field in identifying.reveal(session, key, person.id)]
        found = addresses.of_person(session, person.id) is not None
    click.echo(f"{code}: {', '.join(known) if known else 'nothing'} on record")
    if "email" in known and not found:
        click.echo(
            "the person cannot come in by this address yet; run: hometrial participant reindex"
        )


def _ask(field: str) -> str:
    value = str(click.prompt(_ASKED[field], err=True)).strip()
    if not value:
        raise TrialError(f"--{field}: nothing was typed")
    return value


@click.command("reindex")
@click.pass_obj
def reindex(database: Database) -> None:
    """Let everybody come in by the address that is kept of them, also if it was kept by an older release.

    \b
    Example:
      hometrial participant reindex
    """
    migrating.require_newest(database)
    with database.transaction(
        database.settings.who(), "find people by the addresses that are kept"
    ) as session:
        made = identifying.index(session, database.settings.key("identity"))
    click.echo(f"{made} people can come in by their address who could not before")
