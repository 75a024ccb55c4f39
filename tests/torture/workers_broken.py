"""Reading and taking in that are wrong on purpose, so that the torture shows that it would find them."""

import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import numpy as np
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial.db import STUDY_ROLE, Database
from hometrial.models import Pull, Token
from hometrial.services.gating import BatchVerdict
from hometrial.services.syncing import absence, absorbing, learning, merging, vault
from hometrial.tasks import keeping

DATABASE: list[Database] = []
"""The study of this process, for a variant that needs it."""


def sound() -> None:
    """Change nothing."""


def deletions_unheard() -> None:
    """Believe that what a complete read no longer tells of is still there."""
    absence.Absence.of = lambda *_given, **_named: None  # type: ignore[method-assign]


def consent_unasked() -> None:
    """Take in every row that came, whatever consent says of the time when it was observed."""
    merging.not_covered = lambda samples, *_given: np.zeros(len(samples), bool)


def hand_over_unminded() -> None:
    """Take a window for known though the device has not handed it over yet."""
    learn = learning.learn

    def learn_all(session: Session, pull: Pull, data_until: datetime | None) -> None:
        pull.device_synced_at = pull.started_at
        learn(session, pull, data_until)

    learning.learn = absorbing.learning.learn = learn_all


def never_revived() -> None:
    """Leave the jobs of dead workers to nobody."""
    keeping.revive = lambda *_given: 0


def stored_before_noted() -> None:
    """Commit samples before the reads count as taken in: a kill in between takes them in twice."""
    store = absorbing.gating.store

    def store_and_commit(session: Session, batch_id: UUID, verdict: BatchVerdict) -> None:
        store(session, batch_id, verdict)
        session.flush()
        session.execute(text("COMMIT"))
        DATABASE[0]._introduce(session, "torture", "broken on purpose", (STUDY_ROLE, None))
        time.sleep(0.5)

    absorbing.gating.store = store_and_commit  # type: ignore[assignment]


def tokens_unlocked() -> None:
    """Refresh without holding the token's row."""

    def read(session: Session, account_id: UUID) -> vault.Held | None:
        return session.execute(
            select(Token.access, Token.refresh, Token.expires_at).where(
                Token.account_id == account_id
            )
        ).one_or_none()

    vault._locked = read


BROKEN: dict[str, Callable[[], None]] = {
    "sound": sound,
    "deletions unheard": deletions_unheard,
    "consent unasked": consent_unasked,
    "hand-over unminded": hand_over_unminded,
    "never revived": never_revived,
    "stored before noted": stored_before_noted,
    "tokens unlocked": tokens_unlocked,
}
OF_RECOVERY = ("deletions unheard", "consent unasked", "hand-over unminded")
"""Those that a recovery run must find out."""
OF_WORKERS = ("never revived", "stored before noted")
"""Those that killing workers must find out."""
