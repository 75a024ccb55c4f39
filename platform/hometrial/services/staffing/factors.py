"""How somebody of the staff proves who they are: by a passkey, or by a password and a code of an app (trust.md TM10).

A code on paper stands in for a lost device, once. Whoever tries learns neither which accounts there are nor which part
was wrong, and an account that is guessed at is slow, never closed.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import ProtocolVersion, StaffAccount, StaffPassword
from hometrial.services.entering import budgets
from hometrial.services.entering.budgets import Budget, Wait
from hometrial.services.staffing import links, passkeys, passwords, recovery, sessions, totp
from hometrial.services.staffing.passkeys import Own
from hometrial.settings import Settings

TRIES_OF_ACCOUNT = Budget("staff-tries", 10, 600)
"""At most ten guesses in ten minutes, from wherever they come (trust.md T-AUTH-01)."""
TRIES_FROM = Budget("staff-tries-from", 60, 600)
ASKED_FROM = Budget("staff-asked-from", 120, 600)
_TITLE = re.compile(r"^title:\s*(.+)$", re.MULTILINE)


class FactorRefusedError(TrialError):
    """A way to log in that cannot be set up or taken away like this."""


@dataclass(frozen=True)
class Keys:
    """The study's keys of this: one seals the apps' secrets, one hashes."""

    seal: bytes
    hash: bytes


@dataclass(frozen=True)
class Tried:
    """What was typed, and where in the network."""

    password: str
    code: str
    place: str


@dataclass(frozen=True)
class Ways:
    """The ways in which an account can log in."""

    passkeys: tuple[Own, ...]
    password_set_at: datetime | None
    codes_left: int

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.passkeys) or self.password_set_at is not None


def keys_of(settings: Settings) -> Keys:
    """Return the study's keys."""
    return Keys(settings.key("staff-factors"), settings.key("staff-entry"))


def ways(session: Session, account_id: UUID) -> Ways:
    """Return how an account can log in."""
    set_at = session.scalar(
        select(StaffPassword.set_at).where(StaffPassword.account_id == account_id)
    )
    own = tuple(passkeys.mine(session, account_id))
    return Ways(own, set_at, recovery.left(session, account_id))


def enter(session: Session, keys: Keys, name: str, tried: Tried) -> tuple[UUID, str] | Wait | None:
    """Return whose name, password and code these are and by what it was proven; None if they are nobody's.

    What was tried is to be committed also when it is refused.
    """
    called = name.strip().lower()
    due = ((TRIES_FROM, tried.place), (TRIES_OF_ACCOUNT, called))
    wait = budgets.spend(session, keys.hash, *due)
    if wait is not None:
        return wait
    found = session.execute(
        select(StaffAccount.id, StaffPassword.password_hash)
        .outerjoin(StaffPassword, StaffPassword.account_id == StaffAccount.id)
        .where(StaffAccount.name == called, StaffAccount.disabled_at.is_(None))
    ).one_or_none()
    # An unknown name is compared, too: how long the answer takes tells nothing.
    right = passwords.matches(None if found is None else found.password_hash, tried.password)
    if found is None or not right:
        return None
    means = _second(session, keys, found.id, tried.code)
    return None if means is None else (found.id, f"password and {means}")


def confirm(session: Session, keys: Keys, account: StaffAccount, tried: Tried) -> str | Wait | None:
    """Return by what the owner of an account proved that it is still them; None if they did not."""
    found = enter(session, keys, account.name, tried)
    if found is None or isinstance(found, Wait):
        return found
    return found[1]


def second(
    session: Session, keys: Keys, account: StaffAccount, code: str, place: str
) -> str | Wait | None:
    """Return what a code alone is of: beside a link that was sent to its owner, it proves who they are."""
    due = ((TRIES_FROM, place), (TRIES_OF_ACCOUNT, account.name))
    wait = budgets.spend(session, keys.hash, *due)
    return wait if wait is not None else _second(session, keys, account.id, code)


def _second(session: Session, keys: Keys, account_id: UUID, code: str) -> str | None:
    sealed = session.scalar(
        select(StaffPassword.app_secret).where(StaffPassword.account_id == account_id)
    )
    if sealed is not None:
        step = totp.step_of(totp.unseal(keys.seal, account_id, sealed), code)
        if step is not None:
            return "code" if totp.spend(session, account_id, step) else None
    return "recovery code" if recovery.spend(session, keys.hash, account_id, code) else None


def set_password(
    session: Session, keys: Keys, account: StaffAccount, chosen: tuple[str, str, str]
) -> None:
    """Set a password together with an app: (password, the offered secret, a code that the app shows for it).

    Raises PasswordRefusedError; FactorRefusedError if the code is not the app's.
    """
    password, offered, code = chosen
    passwords.require_good(password, around(session, account))
    _require_shown(session, account.id, offered, code)
    values = {
        "password_hash": passwords.hashed(password),
        "app_secret": totp.seal(keys.seal, account.id, offered),
        "set_at": clock.now(),
    }
    session.execute(
        insert(StaffPassword)
        .values(account_id=account.id, **values)
        .on_conflict_do_update(index_elements=[StaffPassword.account_id], set_=values)
    )


def _require_shown(session: Session, account_id: UUID, offered: str, code: str) -> None:
    step = totp.step_of(offered, code)
    if step is None or not totp.spend(session, account_id, step):
        raise FactorRefusedError(
            "code: this is not what the app shows now; wait for the next one, and see that its device has the right time"
        )


def change_password(session: Session, account: StaffAccount, password: str) -> None:
    """Set another password beside the same app. Raises PasswordRefusedError."""
    passwords.require_good(password, around(session, account))
    session.execute(
        update(StaffPassword)
        .where(StaffPassword.account_id == account.id)
        .values(password_hash=passwords.hashed(password), set_at=clock.now())
    )


def change_app(
    session: Session, keys: Keys, account: StaffAccount, offered: str, code: str
) -> None:
    """Take another app beside the same password. Raises FactorRefusedError if the code is not the app's."""
    _require_shown(session, account.id, offered, code)
    session.execute(
        update(StaffPassword)
        .where(StaffPassword.account_id == account.id)
        .values(app_secret=totp.seal(keys.seal, account.id, offered))
    )


def remove_password(session: Session, account_id: UUID) -> None:
    """Take password and app away. Raises FactorRefusedError if nothing else is left to log in with."""
    if not passkeys.mine(session, account_id):
        raise FactorRefusedError("the password is the only way to log in; make a passkey first")
    session.execute(delete(StaffPassword).where(StaffPassword.account_id == account_id))


def remove_passkey(session: Session, account_id: UUID, passkey_id: UUID) -> bool:
    """Take a passkey away; False if there is no such passkey. Raises FactorRefusedError if it is the only way."""
    found = ways(session, account_id)
    others = [each for each in found.passkeys if each.id != passkey_id]
    if len(others) < len(found.passkeys) and not others and found.password_set_at is None:
        raise FactorRefusedError("this passkey is the only way to log in; make another one first")
    return passkeys.remove(session, account_id, passkey_id)


def changed(session: Session, account_id: UUID) -> None:
    """End what was opened by the ways before: every session and every link of the account."""
    sessions.end_all(session, account_id, "ways to log in changed")
    links.end_all(session, account_id, "ways to log in changed")


def around(session: Session, account: StaffAccount) -> list[str]:
    """Return what whoever guesses knows: the person's names and the study's."""
    found = session.execute(select(ProtocolVersion.protocol, ProtocolVersion.body))
    titles = [text for name, body in found for text in (name, *_TITLE.findall(body))]
    return [account.name, account.full_name, *titles]
