"""The way in in a real browser: passkeys of a virtual device, codes without scripts, and how the pages look."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import CHROMIUM, shots, with_chromium
from playwright.sync_api import Browser, Page, sync_playwright

from hometrial.participant import entrance
from hometrial.participant.pages import entering
from hometrial.services import enrolling, identifying
from hometrial.services.syncing import invitations

pytestmark = pytest.mark.long

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def port() -> int:
    return shots.free_port()


@pytest.fixture(scope="module")
def public_url(port: int) -> str:
    """A name, for browsers make no passkey for an address of numbers."""
    return f"http://localhost:{port}"


@pytest.fixture(scope="module")
def codes(place) -> list[str]:
    """The codes that were sent."""
    sent: list[str] = []
    place.app.extensions[entrance.OUTGOING] = lambda _session, _who, code: sent.append(code)
    return sent


@pytest.fixture(scope="module")
def served(place, codes, port: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, shots.served(place.app, port):
        patch.setattr(entering, "EVEN", 0.0)
        yield


@pytest.fixture(autouse=True)
def plenty(place) -> None:
    shots.execute(place.database, "DELETE FROM sync.rate_bucket")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=shots.FLAGS)
        yield found
        found.close()


@pytest.fixture
def open_page(browser: Browser, served: None, public_url: str) -> Iterator[Callable[..., Page]]:
    """Open a page of 320 px, with or without scripts and a device that has passkeys."""
    contexts = []

    def open_(*, device: dict[str, object] | None = None, scripts: bool = True, **more) -> Page:
        given = {"base_url": public_url, "viewport": {"width": 320, "height": 640}} | more
        contexts.append(browser.new_context(java_script_enabled=scripts, **given))
        page = contexts[-1].new_page()
        if device is not None:
            add_device(page, device)
        return page

    yield open_
    for context in contexts:
        context.close()


def add_device(page: Page, device: dict[str, object]) -> None:
    """Give a page a device that makes passkeys."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    made = tools.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    page.own_device = lambda method, **more: tools.send(  # type: ignore[attr-defined]
        f"WebAuthn.{method}", {"authenticatorId": made["authenticatorId"], **more}
    )


def enrol(place, *, email: bool = True) -> tuple[str, str]:
    """Enrol a person; return their link's path and their address."""
    with place.database.transaction("staff") as session:
        person = enrolling.add_participant(session)
        enrolling.set_zone(session, person, "Europe/Berlin", source="test")
        address = f"{person.code}@example.org".lower()
        if email:
            key = place.database.settings.key("identity")
            identifying.keep(session, key, person.id, email=address)
        return f"/join/{invitations.invite(session, person, 'test')}", address


def come_by_code(page: Page, email: str, codes: list[str]) -> None:
    page.get_by_label("Your e-mail address").fill(email)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("The code from the message").fill(codes[-1])
    page.get_by_role("button", name="Go on").click()


def arrive(page: Page, path: str) -> None:
    """Wait until the page of a path is there, whatever its query says."""
    page.wait_for_url(lambda address: urlsplit(address).path == path)


def test_a_script_of_passkeys_is_small() -> None:
    static = Path(entrance.__file__).parent / "static" / "passkey.js"
    assert static.stat().st_size < 10_000


@with_chromium
def test_a_passkey_is_made_and_opens_and_confirms(chromium, open_page, place, codes) -> None:
    page, (_, email) = open_page(device=DEVICE), enrol(place)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto("/passkeys")
    come_by_code(page, email, codes)
    arrive(page, "/passkeys")
    page.get_by_role("link", name="Make a passkey on this device").click()
    page.get_by_role("button", name="Make a passkey").click()
    arrive(page, "/passkeys")
    assert page.get_by_role("heading", name="Passkey 1").is_visible()
    page.get_by_role("button", name="Close my page").click()
    page.goto("/enter?next=/team")
    page.get_by_role("button", name="Use my passkey").click()
    arrive(page, "/team")
    before = {each["name"]: each["value"] for each in page.context.cookies()}["hometrial"]
    page.goto("/confirm?next=/passkeys")
    page.get_by_role("button", name="Use my passkey").click()
    arrive(page, "/passkeys")
    assert "Last used" in page.locator(".card").first.inner_text()
    after = {each["name"]: each["value"] for each in page.context.cookies()}["hometrial"]
    assert before != after
    page.get_by_text("Remove passkey 1").click()
    page.get_by_role("button", name="Remove it").click()
    arrive(page, "/passkeys")
    assert page.get_by_role("heading", name="Passkey 1").count() == 0
    page.get_by_role("button", name="Close my page").click()
    page.goto("/enter")
    page.get_by_role("button", name="Use my passkey").click()
    page.get_by_text("The passkey did not work here. A code by e-mail does.").first.wait_for()
    assert [each for each in complaints if "400" not in each and "401" not in each] == []


@with_chromium
def test_a_device_that_its_owner_did_not_unlock_opens_nothing(chromium, open_page, place) -> None:
    page, (link, _) = open_page(device=DEVICE), enrol(place, email=False)
    page.goto(link)
    page.get_by_role("button", name="Open my page").click()
    page.goto("/passkeys/new")
    page.get_by_role("button", name="Make a passkey").click()
    arrive(page, "/passkeys")
    page.get_by_role("button", name="Close my page").click()
    page.own_device("setUserVerified", isUserVerified=False)
    page.goto("/enter")
    page.get_by_role("button", name="Use my passkey").click()
    page.get_by_text("That did not work. You can try once more.").wait_for()
    page.own_device("setUserVerified", isUserVerified=True)
    page.get_by_role("button", name="Use my passkey").click()
    page.wait_for_url(lambda address: "/enter" not in address)


@with_chromium
def test_a_copy_of_a_passkey_with_an_older_counter_opens_nothing(
    chromium, open_page, place
) -> None:
    page, (link, _) = open_page(device=DEVICE), enrol(place, email=False)
    page.goto(link)
    page.get_by_role("button", name="Open my page").click()
    page.goto("/passkeys/new")
    page.get_by_role("button", name="Make a passkey").click()
    arrive(page, "/passkeys")
    [copied] = page.own_device("getCredentials")["credentials"]
    for _ in range(2):
        page.get_by_role("button", name="Close my page").click()
        page.goto("/enter?next=/passkeys")
        page.get_by_role("button", name="Use my passkey").click()
        arrive(page, "/passkeys")
    thief = open_page(device=DEVICE)
    thief.own_device("addCredential", credential=copied)
    thief.goto("/enter?next=/passkeys")
    thief.get_by_role("button", name="Use my passkey").click()
    thief.get_by_text("The passkey did not work here").first.wait_for()
    thief.goto("/passkeys")
    assert thief.locator("h1").inner_text() == "Your page is closed"


@with_chromium
def test_without_scripts_a_code_opens_and_confirms_by_keyboard_alone(
    chromium, open_page, place, codes
) -> None:
    page, (_, email) = open_page(scripts=False), enrol(place)
    page.goto("/passkeys")
    assert page.get_by_role("button", name="Use my passkey").count() == 0
    reach(page, "Your e-mail address")
    page.keyboard.type(email)
    page.keyboard.press("Enter")
    arrive(page, "/enter/code")
    reach(page, "The code from the message")
    page.keyboard.type(codes[-1])
    page.keyboard.press("Enter")
    arrive(page, "/passkeys")
    page.goto("/passkeys/new")
    assert page.get_by_text("This device or browser has no passkeys.").is_visible()
    page.goto("/confirm?next=/team")
    page.get_by_role("button", name="Send me a code").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    reach(page, "The code from the message")
    page.keyboard.type(codes[-1])
    page.keyboard.press("Enter")
    arrive(page, "/team")


def reach(page: Page, label: str) -> None:
    """Press Tab until the field of a label has the focus."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.get_by_label(label).evaluate("field => field === document.activeElement"):
            return
    pytest.fail(f"{label} cannot be reached by Tab")


def walk(place, page: Page, codes: list[str], see: Callable[[str], None]) -> None:
    """Show every page of the way in once; `see` is called on each."""
    link, email = enrol(place)
    page.goto(link)
    see("join")
    page.get_by_role("button", name="Open my page").click()
    page.goto(link)
    see("link-used")
    page.goto("/confirm?next=/passkeys/new")
    see("confirm")
    page.get_by_role("button", name="Send me a code").click()
    see("confirm-code")
    page.get_by_label("The code from the message").fill(codes[-1])
    page.get_by_role("button", name="Go on").click()
    arrive(page, "/passkeys/new")
    see("new")
    page.get_by_role("button", name="Make a passkey").click()
    arrive(page, "/passkeys")
    see("passkeys")
    page.goto("/confirm")
    see("confirm-passkey")
    page.get_by_role("button", name="Close my page").click()
    walk_outside(page, email, see)


def walk_outside(page: Page, email: str, see: Callable[[str], None]) -> None:
    """Show the pages of who is not in."""
    page.goto("/passkeys")
    see("closed")
    page.goto("/enter")
    see("enter")
    page.get_by_label("Your e-mail address").fill("ada at example")
    page.get_by_role("button", name="Send me a code").click()
    see("enter-refused")
    page.get_by_label("Your e-mail address").fill(email)
    page.get_by_role("button", name="Send me a code").click()
    see("code")
    page.get_by_label("The code from the message").fill("1234")
    page.get_by_role("button", name="Go on").click()
    see("code-refused")
    for _ in range(6):
        page.goto("/enter")
        page.get_by_label("Your e-mail address").fill(email)
        page.get_by_role("button", name="Send me a code").click()
    see("wait")


@with_chromium
@pytest.mark.parametrize("theme", ["light", "dark", "dim"])
def test_every_page_of_the_way_in_is_open_to_everybody(
    chromium, open_page, place, codes, theme
) -> None:
    page, axe, seen = open_page(device=DEVICE), Axe(), []

    def see(name: str) -> None:
        seen.append(name)
        page.wait_for_load_state()
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        fits(page, name)
        page.wait_for_load_state()  # what is only just coming has no colours or sizes yet
        found = axe.run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"

    walk(place, page, codes, see)
    assert len(seen) == len(set(seen)) == 13


@with_chromium
def test_german_words_fit_a_small_phone_and_the_largest_text(
    chromium, open_page, place, codes, public_url
) -> None:
    page, (link, _) = open_page(scripts=False), enrol(place)
    page.context.add_cookies([{"name": "look", "value": "auto.28.0.de", "url": public_url}])
    page.goto(link)
    fits(page, link)
    page.get_by_role("button", name="Meine Seite öffnen").click()
    for path in ("/passkeys", "/confirm"):
        page.goto(path)
        fits(page, path)
    page.get_by_role("button", name="Code schicken").click()
    fits(page, "/confirm/code")
    page.get_by_role("textbox").fill(codes[-1])
    page.get_by_role("button", name="Weiter").click()
    page.goto("/passkeys/new")
    fits(page, "/passkeys/new")


def fits(page: Page, name: str) -> None:
    """Nothing is wider than the screen, one heading leads, and everything to tap is large."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
    assert page.locator("h1").count() == 1, name
    for button in page.locator("button:visible, main a.main:visible, input:visible").all():
        box = button.bounding_box()
        assert box, name
        assert box["height"] >= 47.5, name
