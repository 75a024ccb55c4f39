"""The way in in a real browser: passkeys of a virtual device, password and app without scripts, and how pages look."""

import shutil
import socket
from collections.abc import Iterator

import pytest
import serving
import signed_in
import waitress
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from staff_door import PASSWORD, Door, code

from hometrial.db import Database
from hometrial.services.staffing import accounts, factors
from hometrial.settings import Settings
from hometrial.staff import create_app
from hometrial.staff.pages import entering

pytestmark = pytest.mark.long

CHROMIUM = shutil.which("chromium")
# Without a browser on the machine there is nothing here to run.
with_chromium = pytest.mark.parametrize("chromium", [CHROMIUM] if CHROMIUM else [])
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]


@pytest.fixture(scope="module")
def address() -> str:
    """A name, for browsers make no passkey for an address of numbers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://localhost:{free.getsockname()[1]}"


@pytest.fixture(scope="module")
def door(database: Database, address: str) -> Iterator[Door]:
    """The site at that address, in a thread of its own."""
    settings = Settings(**database.settings.model_dump(exclude={"staff_url"}), staff_url=address)
    beside = Database(settings)
    app = create_app(beside)
    server = waitress.create_server(app, host="127.0.0.1", port=int(address.rpartition(":")[2]))
    thread = serving.in_background(server)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entering, "EVEN", 0.0)
        yield Door(app, beside)
    server.close()
    thread.join(timeout=5)
    beside.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


def opened(browser: Browser, address: str, *, scripts: bool = True, device: bool = False) -> Page:
    context = browser.new_context(
        base_url=address, java_script_enabled=scripts, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    if device:
        session = context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return page


@with_chromium
def test_a_passkey_is_made_by_a_link_logs_in_and_confirms(chromium, browser, address, door):
    page = opened(browser, address, device=True)
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    account = door.account("pascal")
    page.goto(f"/setup/{door.link(account)}")
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_role("heading", name="Print these codes").wait_for()
    assert page.get_by_role("listitem").count() == 10
    page.get_by_role("link", name="I have them on paper").click()
    page.goto("/account")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.get_by_role("button", name="Log in with a passkey").click()
    page.get_by_role("button", name="Log out").wait_for()
    page.goto("/confirm?next=/account")
    page.get_by_role("button", name="Confirm with a passkey").click()
    page.wait_for_url("**/account")
    with door.database.reading() as session:
        [own] = factors.ways(session, account.id).passkeys
    assert own.used_at is not None
    assert complaints == []
    page.context.close()


@with_chromium
def test_password_and_app_are_set_up_and_used_without_scripts(chromium, browser, address, door):
    page = opened(browser, address, scripts=False)
    page.goto(f"/setup/{door.link(door.account('quentin'))}")
    assert page.get_by_role("button", name="Make a passkey").count() == 0
    offered = page.locator(".secret").inner_text()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_label("The code that the app shows now").fill(code(offered))
    page.get_by_role("button", name="Set up password and app").click()
    paper = page.get_by_role("listitem").first.inner_text()
    page.goto("/account")
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Name").fill("Quentin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Code of the app").fill(paper)
    page.get_by_role("button", name="Log in with password and code").click()
    page.get_by_role("button", name="Log out").wait_for()
    page.goto("/account")
    assert page.get_by_role("heading", name="Quentin").count() == 1
    page.context.close()


@with_chromium
def test_pages_of_the_way_in_and_of_accounts_can_be_used_by_everybody(
    chromium, browser, address, door
):
    made = door.link(door.account("rosa"))
    door.with_password("sonja", roles=("admin", "statistician"))
    gone = door.account("otto")
    with door.database.transaction("test", "somebody leaves") as session:
        accounts.disable(session, session.merge(gone), "left the study")
    cookie = signed_in.cookie(door.app, door.database, address, "sonja", ("admin",))
    public = ("/login", f"/setup/{made}", f"/setup/{door.link(door.account('sonja'))}")
    own = (
        "/account", "/account/password", "/account/app", "/account/codes", "/account/passkeys/new", "/confirm",
        "/account/tokens/new", "/system/users", "/system/users/new", "/system/users/account/sonja", "/system/users/on",
        "/system/users/account/rosa/link", "/system/users/account/rosa/disable", "/system/users/roles", "/system/keys",
        "/system/keys/new", "/monitoring/access",
    )  # fmt: skip
    for pages, cookies in ((public, []), (own, [cookie])):
        page = opened(browser, address)
        page.context.add_cookies(cookies)
        for where in pages:
            assert page.goto(where).status == 200, where
            found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
            assert found.violations_count == 0, (where, found.generate_report())
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, where
        page.context.close()
