"""Codes by e-mail: asked for in one browser, typed there once within ten minutes; only a keyed hash is kept.

Nobody learns from it whether an address is known: for an unknown one a code is made, too, and sent to nobody.
"""

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import EntryCode
from hometrial.models.entering import MOST_TRIES
from hometrial.services.entering import addresses, budgets
from hometrial.services.entering.budgets import Budget, Wait
from hometrial.services.syncing.invitations import Visit, hashed

VALID_FOR = timedelta(minutes=10)
DIGITS = 8
"""26 bits: six digits would be fewer than the 20 bits that a code needs."""
Outgoing = Callable[[Session, UUID, str], None]
"""Has a code sent to a person; it is given no address, and need not know one."""
Refusal = Literal["wrong", "over"]
"""`over`: used, too old, tried too often, of another browser, or none of ours. It is not said which."""


@dataclass(frozen=True)
class Keys:
    """The key of codes and budgets, and the key that addresses are sealed with."""

    codes: bytes
    identity: bytes


@dataclass(frozen=True)
class Place:
    """Where a request comes from: its place in the network, and its visit if it has one."""

    client: str
    visit: Visit | None = None


def ask(session: Session, keys: Keys, email: str, place: Place, outgoing: Outgoing) -> str | Wait:
    """Have a code sent to an address, if it is known; return the secret for the browser that asked.

    Raises AddressRefusedError if it cannot be an address.
    """
    address = addresses.hashed(keys.identity, email)
    return _ask(session, keys, (addresses.owner(session, address), address), place, outgoing)


def ask_to_confirm(
    session: Session, keys: Keys, visit: Visit, client: str, outgoing: Outgoing
) -> str | Wait | None:
    """Have a code sent to the person of a visit, to confirm that it is them; None without an address."""
    address = addresses.of_person(session, visit.participant_id)
    if address is None:
        return None
    whose = (visit.participant_id, address)
    return _ask(session, keys, whose, Place(client, visit), outgoing)


def _ask(
    session: Session,
    keys: Keys,
    whose: tuple[UUID | None, str],
    place: Place,
    outgoing: Outgoing,
) -> str | Wait:
    participant_id, address = whose
    due = ((budgets.ASKED_FROM, place.client), (budgets.CODES_OF_ADDRESS, address))
    wait = budgets.spend(session, keys.codes, *due)
    if wait is not None:
        return wait
    code, browser, row_id, now = _new_code(), secrets.token_urlsafe(32), uuid4(), clock.now()
    session.add(
        EntryCode(
            id=row_id,
            participant_id=participant_id,
            address_hmac=address,
            browser_sha256=hashed(browser),
            visit_sha256=place.visit.cookie_sha256 if place.visit else None,
            code_hmac=_hmac(keys.codes, row_id, code),
            created_at=now,
            expires_at=now + VALID_FOR,
            tries=0,
        )
    )
    session.flush()
    if participant_id is not None:
        outgoing(session, participant_id, code)
    return browser


def answer(
    session: Session, keys: Keys, browser: str, typed: str, place: Place
) -> UUID | Refusal | Wait:
    """Use a code up and return whose it is. What was tried is to be committed also when it is refused."""
    row = session.scalar(select(EntryCode).where(EntryCode.browser_sha256 == hashed(browser)))
    due: list[tuple[Budget, str]] = [(budgets.TRIED_FROM, place.client)]
    if row is not None:
        due.append((budgets.TRIES_OF_ADDRESS, row.address_hmac))
    wait = budgets.spend(session, keys.codes, *due)
    if wait is not None:
        return wait
    if row is None or not _count(session, row.id, place.visit):
        return "over"
    right = hmac.compare_digest(row.code_hmac, _hmac(keys.codes, row.id, plain(typed)))
    session.refresh(row)
    if row.participant_id is None or not right:
        return "wrong" if row.tries < MOST_TRIES else "over"
    row.used_at = clock.now()
    session.flush()
    return row.participant_id


def _count(session: Session, row_id: UUID, visit: Visit | None) -> bool:
    """Count a try, if one is left. The row stays locked, so that tries at the same time are counted, too."""
    now = clock.now()
    counted = session.execute(
        update(EntryCode)
        .where(
            EntryCode.id == row_id,
            EntryCode.tries < MOST_TRIES,
            EntryCode.used_at.is_(None),
            EntryCode.expires_at > now,
            EntryCode.visit_sha256.is_not_distinct_from(visit.cookie_sha256 if visit else None),
        )
        .values(tries=EntryCode.tries + 1)
        .returning(EntryCode.id)
    )
    return counted.first() is not None


def plain(typed: str) -> str:
    """Return a code without what people put between its digits."""
    return re.sub(r"[\s\-–.]", "", typed)


def in_groups(code: str) -> str:
    """Return a code as it is read: `1234 5678`."""
    return f"{code[: DIGITS // 2]} {code[DIGITS // 2 :]}"


def _new_code() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def _hmac(key: bytes, row_id: UUID, code: str) -> bytes:
    """Return the hash of a code: with a key, for so few digits are guessed at once, and of its row alone."""
    return hmac.digest(key, f"{row_id}\x00{code}".encode(), "sha256")
