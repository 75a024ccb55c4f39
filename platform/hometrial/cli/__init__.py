"""The command line: doors to the services, one transaction a command, one sentence an error."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import OperationalError

from hometrial import clock
from hometrial import settings as settings_module
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial_ingest.errors import IngestError
from hometrial_ingest.local_time import TimeOutOfRangeError, UnknownZoneError


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Turn what a user can mend into one sentence on standard error and an exit code."""
    try:
        yield
    except TrialError as error:
        click.echo(f"hometrial: {error}", err=True)
        sys.exit(error.exit_code)
    except (IngestError, UnknownZoneError, TimeOutOfRangeError) as error:
        click.echo(f"hometrial: {error}", err=True)
        sys.exit(2)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        click.echo(f"hometrial: the database does not answer: {reason}", err=True)
        sys.exit(3)


_WHERE = {
    "trial": "trial:trial",
    "screening": "screening:screening_commands",
    "allocation": "allocation:allocation",
    "run-in": "run_in:run_in",
    "visit": "visit:visit",
    "contact": "contact_log:contact_commands",
    "adverse-event": "adverse_event:adverse_event",
    "alert": "alert:alert",
    "work": "work:work",
    "import": "importing:import_command",
    "participant": "participant:participant",
    "consent": "consent:consent",
    "consent-document": "consent_person:consent_document",
    "link": "link:link",
    "sync": "worker:sync",
    "worker": "worker:worker",
    "provider": "provider:provider",
    "bridge": "bridge:bridge",
    "doctor": "doctor:doctor",
    "dose": "dose:dose",
    "medication": "medication:medication",
    "laboratory": "laboratory:laboratory",
    "supply": "supply:supply",
    "message": "message:message",
    "quarantine": "quarantine:quarantine",
    "export": "export:export",
    "twin": "twin:twin",
    "lock": "lock:lock",
    "report": "report:report",
    "lineage": "lineage:lineage",
    "audit": "administer:audit",
    "db": "administer:database_commands",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "staff": "staff:staff",
    "site": "site:site",
    "user": "user:user",
    "up": "up:up",
    "system": "system:system",
    "simulate": "simulate:simulate",
    "demo": "demo:demo",
}
"""Each command's module and name there, in the order in which they are listed."""


class _WhenUsed(click.Group):
    """Commands that are imported when they are used: one needs a fraction of what all together load."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own
        """Return the names of all commands."""
        return list(_WHERE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's own
        """Return a command, None if there is none of that name."""
        if cmd_name not in _WHERE:
            return None
        module, _, name = _WHERE[cmd_name].partition(":")
        found = getattr(importlib.import_module(f"hometrial.cli.{module}"), name)
        assert isinstance(found, click.Command)  # noqa: S101  # the table says so
        return found


@click.group(cls=_WhenUsed, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hometrial")
@click.pass_context
def _commands(context: click.Context) -> None:
    """Run a decentralised trial: wearables in, validated data sets out.

    Exit codes: 0 done; 1 a rejected file or a broken check; 2 bad input, nothing was changed;
    3 a setting or the database; 4 the audit trail does not verify.
    """
    settings = settings_module.load()
    if settings.clock_file is not None:
        clock.follow(settings.clock_file)
    database = Database(settings)
    context.obj = database
    context.call_on_close(database.close)


def main() -> None:
    """Run the command line."""
    with _one_sentence():
        _commands(standalone_mode=True)
