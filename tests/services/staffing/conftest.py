"""Two admins and a clerk of one study, a clock in the test's hands, and an app that shows codes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from hometrial import clock
from hometrial.services import reaching
from hometrial.services.staffing import accounts, factors, granting, totp
from hometrial.services.staffing.factors import Keys, Tried

KEYS = Keys(seal=b"s" * 32, hash=b"h" * 32)
PASSWORD = "Vögel fliegen über Teiche"  # noqa: S105
PLACE = "192.0.2.7"


@pytest.fixture
def now(monkeypatch):
    """Let time go on: now(minutes=3)."""
    hand = [datetime(2026, 3, 10, 12, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: hand[0])

    def advance(**step):
        hand[0] += timedelta(**step)
        return hand[0]

    return advance


@dataclass
class Office:
    """The accounts of one study."""

    study: object
    keys = KEYS
    password = PASSWORD

    def act(self, service, *given, **named):
        """Call a service in a transaction of its own, as a page does."""
        with self.study.database.transaction("test", "a test") as session:
            return service(session, *given, **named)

    def account(self, name):
        return self.act(accounts.find, name)

    def with_password(self, name):
        """Give an account a password and an app; return the app's secret."""
        offered = totp.secret(KEYS.hash, name)
        chosen = (PASSWORD, offered, self.code(offered))
        self.act(factors.set_password, KEYS, self.account(name), chosen)
        return offered

    def code(self, offered):
        return pyotp.TOTP(offered).at(clock.now())

    def enter(self, name, password, code, place=PLACE):
        return self.act(factors.enter, KEYS, name, Tried(password, code, place))


@pytest.fixture
def office(study, now) -> Office:
    found = Office(study)
    for name in ("ada", "bea", "cyn"):
        found.act(accounts.add, name, f"{name.title()} Example")
    found.act(reaching.add_site, "S-01", name="Leuven")
    found.act(granting.make_first_admin, found.account("ada"), "cli:root")
    return found
