"""A browser at the staff site's door: it fills in forms, shows an app's codes, and makes passkeys."""

import itertools
import re
from dataclasses import dataclass, field
from datetime import timedelta

import pyotp
import signed_in
from authenticator import Authenticator

from hometrial import clock
from hometrial.services.staffing import accounts, factors, links, recovery, totp

PASSWORD = "Vögel fliegen über Teiche"  # noqa: S105
ORIGIN = "http://localhost:8400"
_places = (f"198.51.{high}.{low}" for high, low in itertools.product(range(250), range(1, 250)))


@dataclass
class Door:
    """A browser of its own, in a place of its own."""

    app: object
    database: object
    client: object = None
    device: Authenticator = field(default_factory=lambda: Authenticator(ORIGIN))

    def __post_init__(self):
        self.client = self.app.test_client()
        self.client.environ_base["REMOTE_ADDR"] = next(_places)

    def get(self, path, **given):
        return self.client.get(path, **given)

    def csrf(self, page="/login"):
        return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page).text)[1]

    def post(self, path, page="/login", headers=None, **data):
        return self.client.post(
            path, data={"csrf_token": self.csrf(page), **data}, headers=headers or {}
        )

    def ask(self, path, page):
        """Return what a passkey has to sign, as the page's script asks for it."""
        answer = self.client.post(path, headers={"X-CSRFToken": self.csrf(page)})
        return answer.text if answer.status_code == 200 else answer

    def cookie(self):
        return self.client.get_cookie(self.app.config["SESSION_COOKIE_NAME"]).value

    def is_in(self):
        return self.get("/account").status_code == 200

    def enter(self, name, password=PASSWORD, code="", **given):
        return self.post("/login", name=name, password=password, code=code, **given)

    def enter_by_passkey(self, **wrong):
        asked = self.ask("/login/passkey/ask", "/login")
        return self.post("/login/passkey", answer=self.device.sign(asked, **wrong))

    def act(self, service, *given, **named):
        with self.database.transaction("test", "a test") as session:
            return service(session, *given, **named)

    def account(self, name, roles=("coordinator",), sites=("S-01",)):
        return self.act(signed_in.account, name, roles, sites)

    def link(self, account, lasting=timedelta(hours=1)):
        return self.act(links.make, account, "cli:test", lasting)

    def keys(self):
        return factors.keys_of(self.database.settings)

    def with_password(self, name, **of):
        """Return the secret of the app of an account, made with a password if it is not there."""
        account = self.account(name, **of)
        offered = totp.secret(self.keys().hash, f"app of {name}")
        step = pyotp.TOTP(offered).at(clock.now() - timedelta(seconds=30))
        self.act(factors.set_password, self.keys(), account, (PASSWORD, offered, step))
        return offered

    def codes_on_paper(self, name):
        return self.act(recovery.renew, self.keys().hash, self.act(accounts.find, name).id)

    def with_passkey(self, account):
        """Set a passkey up by a link; return the page that shows the codes on paper."""
        page = f"/setup/{self.link(account)}"
        asked = self.ask(f"{page}/passkey/ask", page)
        return self.post(f"{page}/passkey", page, answer=self.device.make(asked))


def code(offered):
    """Return what an app shows now."""
    return pyotp.TOTP(offered).at(clock.now())
