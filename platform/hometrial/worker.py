"""The worker: one process that takes jobs from the database and does them."""

import asyncio
import logging

import procrastinate
from sqlalchemy.engine import make_url

from hometrial import embedded
from hometrial.db import Database, server_options
from hometrial.services.syncing.clouds import clouds
from hometrial.tasks import (
    absorbing,
    caring,
    delivering,
    guarding,
    keeping,
    linking,
    noticing,
    querying,
    reading,
    ruling,
    scheduling,
    sending,
)
from hometrial.tasks.engine import House, app

TASKS = (
    absorbing,
    caring,
    delivering,
    guarding,
    keeping,
    linking,
    noticing,
    querying,
    reading,
    ruling,
    scheduling,
    sending,
)
"""The modules that define tasks: a worker must know them all."""
HEARTBEAT = 5.0
"""Seconds between a worker's signs of life."""


def house_of(database: Database) -> House:
    """Return what tasks work with in this process."""
    return House(database, clouds(database.settings))


def run(database: Database, *, concurrency: int, wait: bool = True, name: str = "worker") -> None:
    """Do jobs until interrupted; with `wait` False, until none is left.

    Each job runs in a thread of its own, up to `concurrency` at once. Any number of workers may run.
    """
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    asyncio.run(_run(database, concurrency=concurrency, wait=wait, name=name))


async def _run(database: Database, *, concurrency: int, wait: bool, name: str) -> None:
    url = make_url(database.settings.database_url or embedded.url(database.settings.home))
    connector = procrastinate.PsycopgConnector(
        conninfo=url.set(drivername="postgresql").render_as_string(hide_password=False),
        kwargs={"options": server_options(url)},
        min_size=2,
        max_size=concurrency + 3,
    )
    with app.replace_connector(connector):
        async with app.open_async():
            await app.run_worker_async(
                concurrency=concurrency,
                wait=wait,
                name=name,
                fetch_job_polling_interval=2.0,
                update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=6 * HEARTBEAT,
                delete_jobs="successful",
                install_signal_handlers=wait,
                additional_context={"house": house_of(database)},
            )
