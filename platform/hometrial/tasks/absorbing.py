"""Kept pages through the gate, shard by shard; a read that breaks the program is set apart, not in the way."""

import logging
from uuid import UUID

import procrastinate

from hometrial.models import Pull
from hometrial.services import working
from hometrial.services.syncing import absorbing, pulling
from hometrial.tasks import engine
from hometrial.tasks.engine import PULLED_READERS, SHARDS, House
from hometrial_ingest.errors import IngestError
from hometrial_validation.verdict import GateError

ACTOR = "worker:absorb"
FAULTS = (IngestError, GateError, ValueError, LookupError, TypeError, ArithmeticError)
"""What a page that nobody foresaw can make the program raise; everything else ends the job as a whole."""

log = logging.getLogger(__name__)


@engine.app.task(name="absorb", pass_context=True)
def absorb(context: procrastinate.JobContext, shard: int) -> None:
    """Take in everything that waits in one shard."""
    drain(engine.house(context), shard)


def drain(house: House, shard: int) -> int:
    """Take in what waits in a shard, some reads a transaction; return how many were taken in."""
    taken = 0
    while True:
        try:
            made, left = _some(house, shard)
        except FAULTS:
            log.exception("shard %s: reads could not be taken in together", shard)
            made, left = _one_by_one(house, shard), False
        taken += made
        if not left:
            return taken


def _some(house: House, shard: int) -> tuple[int, bool]:
    with house.database.transaction(ACTOR, "take pages in") as session:
        pulls = absorbing.waiting(session, shard, SHARDS, hold=True)
        if not pulls:
            return 0, False
        result = absorbing.absorb(session, pulls, PULLED_READERS)
        return len(result.pulls), result.left


def _one_by_one(house: House, shard: int) -> int:
    """Take each read in by itself, so that the one at fault is found and the others are not held up."""
    with house.database.reading() as session:
        waiting = [pull.id for pull in absorbing.waiting(session, shard, SHARDS)]
    return sum(_alone(house, pull_id) for pull_id in waiting)


def _alone(house: House, pull_id: UUID) -> int:
    try:
        with house.database.transaction(ACTOR, "take pages in") as session:
            pull = session.get_one(Pull, pull_id, with_for_update=True)
            if pull.state != "fetched":
                return 0
            return len(absorbing.absorb(session, [pull], PULLED_READERS).pulls)
    except FAULTS as error:
        log.exception("read %s cannot be taken in", pull_id)
        _set_apart(house, pull_id, error)
        return 0


def _set_apart(house: House, pull_id: UUID, error: Exception) -> None:
    text = (
        f"the program cannot take these pages in ({type(error).__name__}: {error}); they are kept"
    )
    with house.database.transaction(ACTOR, "set a read apart") as session:
        pull = session.get_one(Pull, pull_id)
        pulling.close(session, [pull_id], "failed", error=text, kind="our_bug")
        subject = f"{pull.provider}/{pull.stream}"
        working.open_item(session, pull.participant_id, "our_bug", subject, text)
