"""`hometrial demo`: a seeded trial of 75 people: archives imported, watches linked and synced, both sites."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import click
import requests
from pydantic import SecretStr

from hometrial import clock
from hometrial.cli import rehearsing, staging
from hometrial.cli.outbox import outbox
from hometrial.cli.staff import serve
from hometrial.cli.stage import staff as staff_of_stage
from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.services import enrolling, migrating
from hometrial.services.syncing import invitations
from hometrial.settings import Settings
from hometrial.tasks import linking
from hometrial_ingest.simulators import Simulators
from hometrial_ingest.simulators.google.errors import PROJECT

SEED = 7
LINKED, HISTORY, AHEAD, SPACING = len(staging.to_link()), 10, 60, 15
"""People with a watch at the simulated clouds, their days of history and of future, s between beats."""
_PATIENCE = 120  # half seconds
ONLY_STEPS, LOST, NOT_LINKED = 4, 5, 6
"""Of those: one shares steps and sleep only, one took the access back, one is invited only."""


@click.command()
@click.option("--port", default=8400, show_default=True, help="0 takes a free one.")
@click.option("--participant-port", default=8401, show_default=True)
@click.option("--set-up-only", is_flag=True, help="Make the study and stop.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.pass_context
def demo(
    context: click.Context,
    port: int,
    participant_port: int,
    set_up_only: bool,  # noqa: FBT001
    no_browser: bool,  # noqa: FBT001
) -> None:
    """Make a seeded study in ./.demo (or HOMETRIAL_HOME), link simulated watches, serve both sites.

    \b
    Example:
      hometrial demo --port 8400
    """
    home = Path(os.environ.get("HOMETRIAL_HOME", ".demo"))
    database = Database(Settings(home=home, actor="demo"))
    context.call_on_close(database.close)
    migrating.require_newest(database)
    started = time.monotonic()
    click.echo("75 people live half a year of a trial, and what they wear is taken in …")
    staged = staging.set_up(database)
    click.echo(f"the demo's study stands in {home} after {time.monotonic() - started:.0f} s")
    if set_up_only:
        return
    with _simulators() as simulators, outbox(home / "outbox") as mail:
        beside = Database(_settings(database, simulators, participant_port, mail))
        context.call_on_close(beside.close)
        join = _link(beside, simulators)
        with _processes(beside.settings, simulators, participant_port):
            click.echo(f"simulated clouds: {simulators.base_url} (google, fitbit, control)")
            click.echo(f"messages are kept in {home / 'outbox'} and go nowhere")
            click.echo(f"participant site: {beside.settings.public_url}")
            click.echo(f"join as a participant (sign in as p{NOT_LINKED}@example.org): {join}")
            _tell(beside, staged, f"http://127.0.0.1:{port}")
            serve(beside, "127.0.0.1", port, open_browser=not no_browser)


def _tell(database: Database, staged: Mapping[str, str], site: str) -> None:
    """Print a link to the page of each person of the trial, and one for each of the staff to come in by."""
    with database.transaction("demo", "invite the people of the demo's trial") as session:
        for stage, code in staged.items():
            token = staging.invite(session, code)
            click.echo(f"{code}, {stage}: {database.settings.public_url}/join/{token}")
        for who, token in staff_of_stage.invite(session).items():
            click.echo(f"staff, {who}: {site}/setup/{token}")
    lock = staff_of_stage.FIRST_LOCK
    click.echo(f"lock {lock} is made beside; dora and ines may sign it: {site}/exports")


@contextlib.contextmanager
def _simulators() -> Iterator[Simulators]:
    first = clock.now().date() - timedelta(days=HISTORY - 1)
    simulators = Simulators(SEED, LINKED, first, HISTORY + AHEAD, SPACING)
    simulators.clock.real()
    with simulators.start():
        simulators.watch()
        yield simulators


def _settings(
    database: Database, simulators: Simulators, participant_port: int, mail: int
) -> Settings:
    return Settings(
        home=database.settings.home,
        actor="demo",
        simulators=simulators.base_url,
        public_url=f"http://localhost:{participant_port}",  # a name: browsers make passkeys for it
        webhook_secret=SecretStr(simulators.google.webhook_secret),
        smtp_host="127.0.0.1",
        smtp_port=mail,
        smtp_tls="none",
        smtp_from="trial@example.org",
    )


def _link(database: Database, simulators: Simulators) -> str:
    """Link people of the trial and return a link by which the last of them may link a watch by hand.

    Each start of the demo has new clouds: people of an earlier one are linked again.
    """
    cast, token = rehearsing.Cast(database, simulators), ""
    with database.transaction("demo", "link simulated watches") as session:
        for number, code in enumerate(staging.to_link(), start=1):
            person = enrolling.find_participant(session, code)
            if number == NOT_LINKED:
                token = invitations.invite(session, person, "demo", timedelta(days=7))
                continue
            streams = {"steps", "sleep"} if number == ONLY_STEPS else None
            account = cast.link(session, person, number, streams=streams)
            linking.first_reads(session, account)
    simulators.faults.google.revoked_at_once = True
    simulators.google.revoke_by_user(LOST)
    return f"{database.settings.public_url}/join/{token}"


@contextlib.contextmanager
def _processes(settings: Settings, simulators: Simulators, port: int) -> Iterator[None]:
    """Run the participant site and a worker beside this process, and stop them with it."""
    environment = os.environ | {
        "HOMETRIAL_HOME": str(settings.home),
        "HOMETRIAL_ACTOR": "demo",
        "HOMETRIAL_SIMULATORS": str(settings.simulators),
        "HOMETRIAL_PUBLIC_URL": settings.public_url,
        "HOMETRIAL_WEBHOOK_SECRET": simulators.google.webhook_secret,
        "HOMETRIAL_SMTP_HOST": str(settings.smtp_host),
        "HOMETRIAL_SMTP_PORT": str(settings.smtp_port),
        "HOMETRIAL_SMTP_TLS": settings.smtp_tls,
        "HOMETRIAL_SMTP_FROM": str(settings.smtp_from),
    }
    program = [sys.executable, "-m", "hometrial"]
    commands = (["participant", "serve", "--port", str(port)], ["worker", "--concurrency", "2"])
    started = [subprocess.Popen([*program, *command], env=environment) for command in commands]  # noqa: S603
    try:
        _subscribe(settings, simulators, started)
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=30)


def _subscribe(
    settings: Settings, simulators: Simulators, started: list[subprocess.Popen[bytes]]
) -> None:
    """Ask the simulated cloud to notify the participant site, as soon as that answers."""
    body = {
        "endpointUri": f"{settings.public_url}/hooks/google-health",
        "subscriberConfigs": [
            {"dataTypes": ["heart-rate", "steps", "sleep"], "subscriptionCreatePolicy": "AUTOMATIC"}
        ],
        "endpointAuthorization": {"secret": simulators.google.webhook_secret},
    }
    headers = {"Authorization": f"Bearer {simulators.google.service_token}"}
    project = f"{simulators.base_url}/google/v4/projects/{PROJECT}"
    answer = "nothing"
    for _ in range(_PATIENCE):
        if any(process.poll() is not None for process in started):
            raise TrialError("the participant site or the worker did not start; see above")
        reply = requests.post(
            f"{project}/subscribers?subscriberId=hometrial", json=body, headers=headers, timeout=30
        )
        if reply.ok:
            return
        answer = reply.text
        time.sleep(0.5)
    raise TrialError(f"the simulated cloud cannot notify {settings.public_url}: {answer}")
