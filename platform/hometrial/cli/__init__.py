"""The command line: doors to the services, one transaction a command, one sentence an error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import OperationalError

from hometrial import clock
from hometrial import settings as settings_module
from hometrial.cli.administer import audit, database_commands
from hometrial.cli.adverse_event import adverse_event
from hometrial.cli.alert import alert
from hometrial.cli.allocation import allocation
from hometrial.cli.bridge import bridge
from hometrial.cli.consent import consent
from hometrial.cli.consent_person import consent_document
from hometrial.cli.contact_log import contact_commands
from hometrial.cli.demo import demo
from hometrial.cli.doctor import doctor
from hometrial.cli.dose import dose
from hometrial.cli.export import export
from hometrial.cli.importing import import_command
from hometrial.cli.laboratory import laboratory
from hometrial.cli.link import link
from hometrial.cli.medication import medication
from hometrial.cli.message import message
from hometrial.cli.participant import participant
from hometrial.cli.provider import provider
from hometrial.cli.quarantine import quarantine
from hometrial.cli.screening import screening_commands
from hometrial.cli.simulate import simulate
from hometrial.cli.site import site
from hometrial.cli.staff import staff
from hometrial.cli.supply import supply
from hometrial.cli.trial import trial
from hometrial.cli.visit import visit
from hometrial.cli.work import work
from hometrial.cli.worker import sync, worker
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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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


for _command in (
    trial,
    screening_commands,
    allocation,
    visit,
    contact_commands,
    adverse_event,
    alert,
    work,
    import_command,
    participant,
    consent,
    consent_document,
    link,
    sync,
    worker,
    provider,
    bridge,
    doctor,
    dose,
    medication,
    laboratory,
    supply,
    message,
    quarantine,
    export,
    audit,
    database_commands,
    staff,
    site,
    simulate,
    demo,
):
    _commands.add_command(_command)


def main() -> None:
    """Run the command line."""
    with _one_sentence():
        _commands(standalone_mode=True)
