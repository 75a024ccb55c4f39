"""What follows a link or its end: the first reads, and the revocation that repeats until it is confirmed."""

from datetime import timedelta
from uuid import UUID

import procrastinate
import procrastinate.jobs
from sqlalchemy.orm import Session
from typing_extensions import override

from hometrial import clock
from hometrial.db import WORKER_ROLE
from hometrial.services import withdrawing
from hometrial.services.syncing import planning, pulling, unlinking, vault
from hometrial.tasks import engine
from hometrial.tasks.engine import House
from hometrial_ingest.provider import ProviderError

ACTOR = "worker:revoke"
_A_MOMENT = timedelta(seconds=2)


class Patience(procrastinate.BaseRetryStrategy):
    """Ask a provider that does not confirm again after 2, 4, 8 ... seconds, at most five minutes."""

    @override
    def get_retry_decision(
        self, *, exception: BaseException, job: procrastinate.jobs.Job
    ) -> procrastinate.RetryDecision | None:
        if not isinstance(exception, ProviderError):
            return None
        return procrastinate.RetryDecision(retry_in={"seconds": min(2 ** (job.attempts + 1), 300)})


@engine.app.task(
    name="revoke",
    pass_context=True,
    retry=Patience(),
)
def revoke(context: procrastinate.JobContext, account_id: str) -> None:
    """Take our access back at the provider; a provider that does not confirm is asked again."""
    revoke_now(engine.house(context), UUID(account_id))


def revoke_now(house: House, account_id: UUID) -> None:
    """Revoke once. Raises the provider's error if it does not confirm."""
    with house.database.reading() as session:
        name = pulling.provider_of(session, account_id)
    keys = vault.keys(house.database.settings)
    with house.database.transaction(ACTOR, "revoke", role=WORKER_ROLE) as session:
        unlinking.revoke(session, keys, house.clouds[name], account_id)


def first_reads(session: Session, account_id: UUID) -> None:
    """Defer the first read of an account that was just linked, ahead of the clock's rounds."""
    planning.begin_anew(session, [account_id])
    day = clock.now().date()
    link = pulling.find_link(session, account_id)
    if link is not None and link.zones is not None:
        day = pulling.today(link.zones, clock.now())
    first = day - timedelta(days=planning.NIGHTLY_DAYS - 1)
    engine.read_job(session, account_id, "nightly", (first, day), priority=engine.SOON)


@engine.app.task(name="forget", pass_context=True)
def forget(context: procrastinate.JobContext) -> None:
    """Destroy the tokens whose time is over though their provider has confirmed nothing."""
    database = engine.house(context).database
    with database.transaction(ACTOR, "destroy tokens", role=WORKER_ROLE) as session:
        unlinking.destroy_overdue(session)


def revoke_soon(session: Session, account_id: UUID) -> None:
    """Take an unlinked account's waiting reads out of the queue and defer its revocation.

    Should the provider not confirm, what opens the account is destroyed all the same, in time.
    """
    engine.cancel_reads(session, account_id)
    engine.revoke_job(session, account_id)
    engine.forget_job(session, account_id, withdrawing.TOKENS_GONE_WITHIN + _A_MOMENT)
