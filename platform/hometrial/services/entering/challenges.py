"""What passkeys sign: made here, good for five minutes, for one browser and one purpose, once."""

import secrets
from datetime import timedelta
from typing import Literal

from sqlalchemy import update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import PasskeyChallenge
from hometrial.services.syncing.invitations import Visit, hashed

Purpose = Literal["register", "enter", "confirm"]
VALID_FOR = timedelta(minutes=5)


def mint(session: Session, purpose: Purpose, visit: Visit | None) -> tuple[str, bytes]:
    """Make a challenge; return the secret of the browser that may use it, and the challenge."""
    browser, challenge, now = secrets.token_urlsafe(32), secrets.token_bytes(64), clock.now()
    session.add(
        PasskeyChallenge(
            purpose=purpose,
            browser_sha256=hashed(browser),
            visit_sha256=visit.cookie_sha256 if visit else None,
            challenge=challenge,
            created_at=now,
            expires_at=now + VALID_FOR,
        )
    )
    session.flush()
    return browser, challenge


def spend(
    session: Session, purpose: Purpose, browser: str, visit: Visit | None
) -> PasskeyChallenge | None:
    """Use a browser's challenge up; None if there is none that is good for this.

    It counts as refused until the passkey's answer is found to be right.
    """
    now = clock.now()
    return session.scalar(
        update(PasskeyChallenge)
        .where(
            PasskeyChallenge.browser_sha256 == hashed(browser),
            PasskeyChallenge.purpose == purpose,
            PasskeyChallenge.visit_sha256.is_not_distinct_from(
                visit.cookie_sha256 if visit else None
            ),
            PasskeyChallenge.used_at.is_(None),
            PasskeyChallenge.expires_at > now,
        )
        .values(used_at=now, outcome="refused")
        .returning(PasskeyChallenge)
    )
