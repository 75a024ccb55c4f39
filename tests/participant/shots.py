"""Takes pictures of every page of the participant site: python tests/participant/shots.py FOLDER.

It makes a study and simulated clouds of its own; nothing of an existing study is touched.
"""

import importlib.util
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import waitress
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import text

from hometrial import clock
from hometrial.db import Database
from hometrial.services import migrating
from hometrial.settings import Settings
from hometrial_ingest.simulators import Simulators

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LOOKS = [(320, "light"), (390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(server: waitress.server.BaseWSGIServer) -> None:
    # Who closes a server takes the sockets away on which it waits.
    with suppress(OSError):
        server.run()


@contextmanager
def served(app: object, port: int) -> Iterator[None]:
    """Serve a site in the background."""
    server = waitress.create_server(app, host="127.0.0.1", port=port)
    thread = threading.Thread(target=_run, args=(server,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.close()
        thread.join(timeout=5)


def link(page: Page, account: int, boxes: Callable[[Page], None] = lambda _: None) -> None:
    """Press the button of Google Health, sign in there and come back."""
    page.locator("form[action='/connect/google-health'] button").first.click()
    page.wait_for_url("**/google/**")
    page.select_option("#account", str(account))
    boxes(page)
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/result")


def deny(page: Page) -> None:
    """Go to Google Health and say no there."""
    page.locator("form[action='/connect/google-health'] button").first.click()
    page.wait_for_url("**/google/**")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_url("**/result")


def only_sleep(page: Page) -> None:
    """Untick everything but sleep."""
    for box in page.get_by_role("checkbox").all():
        if "sleep" not in str(box.get_attribute("value")):
            box.uncheck()


def execute(database: Database, statement: str, **values: object) -> None:
    """Change a table past everything."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(text(statement), values)


def walk(place, page: Page, shoot: Callable[[str], None]) -> None:
    """Show every page once, each as a person comes to see it."""
    execute(place.database, "TRUNCATE wearable_account CASCADE")
    come_in(place, page, shoot)
    see_states(place, page, shoot)
    change_account(place, page, shoot)
    meet_trouble(place, page, shoot)
    leave(page, shoot)


def come_in(place, page: Page, shoot: Callable[[str], None]) -> None:
    """From the invitation to a link."""
    page.goto(place.enrol())
    shoot("join")
    page.get_by_role("button", name="Open my page").click()
    shoot("connect")
    deny(page)
    shoot("refused")
    link(page, 1, only_sleep)
    shoot("in-part")
    link(page, 1)
    shoot("linked")
    page.goto("/watch")
    shoot("home-no-data")


def see_states(place, page: Page, shoot: Callable[[str], None]) -> None:
    """The page in every state of the link."""
    now = place.sims.clock.now()
    execute(
        place.database,
        "INSERT INTO sync.stream_state (account_id, stream, known, data_until, failures)"
        " SELECT id, 'steps', '{}', :until, 0 FROM wearable_account",
        until=now - timedelta(hours=5, minutes=20),
    )
    page.goto("/watch")
    shoot("home")
    execute(place.database, "UPDATE connection SET linked_at = :at", at=now - timedelta(days=9))
    execute(
        place.database, "UPDATE sync.stream_state SET data_until = :at", at=now - timedelta(days=2)
    )
    page.goto("/watch")
    shoot("home-quiet")
    for status in ("not_linked", "retired", "reconnect_needed"):
        execute(place.database, "UPDATE connection SET status = :status", status=status)
        page.goto("/watch")
        shoot(f"home-{status}")


def change_account(place, page: Page, shoot: Callable[[str], None]) -> None:
    """From a second account, refused, to the end of the first."""
    link(page, 2)
    shoot("another-of-yours")
    page.goto("/unlink/google-health")
    shoot("unlink")
    page.get_by_role("button", name="Disconnect").click()
    shoot("home-unlinking")
    place.revoke_all()
    page.goto("/watch")
    shoot("home-unlinked")


def meet_trouble(place, page: Page, shoot: Callable[[str], None]) -> None:
    """What can go wrong on the way to the provider and back."""
    faults = place.sims.faults.google
    faults.not_linked.add(3)
    link(page, 3)
    faults.not_linked.clear()
    shoot("not-linked")
    execute(
        place.database,
        "UPDATE wearable_account SET participant_id ="
        " (SELECT id FROM participant ORDER BY code LIMIT 1)",
    )
    link(page, 1)
    shoot("someone-elses")
    page.goto("/linked/google-health?state=forged&code=x")
    shoot("state")
    faults.unavailable(path="/token", times=20)
    link(page, 1)
    faults.clear()
    shoot("try-later")


def leave(page: Page, shoot: Callable[[str], None]) -> None:
    """What is shown where nothing is to be seen."""
    page.goto("/nowhere")
    shoot("nowhere")
    page.goto("/watch")
    page.get_by_role("button", name="Close my page").click()
    shoot("closed")
    page.goto("/watch")
    shoot("no-visit")
    page.goto("/join/old")
    shoot("no-link")


def shoot_all(browser: Browser, place, address: str, out: Path) -> list[str]:
    """Take a picture of every page at every width and scheme; returns what the console complained of."""
    complaints: list[str] = []
    for width, scheme in LOOKS:
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))

        def shoot(name: str, page: Page = page, look: str = f"{width}-{scheme}") -> None:
            page.screenshot(path=out / f"{name}-{look}.png", full_page=True)

        walk(place, page, shoot)
        context.close()
    return complaints


def main() -> None:
    """Take the pictures."""
    spec = importlib.util.spec_from_file_location(
        "participant_site", Path(__file__).with_name("conftest.py")
    )
    assert spec
    assert spec.loader
    site = importlib.util.module_from_spec(spec)
    sys.modules["participant_site"] = site
    spec.loader.exec_module(site)
    out, port = Path(sys.argv[1]), free_port()
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Simulators(seed=7, people=4, days=3, clock_file=Path(folder) / "clock") as sims,
        sync_playwright() as play,
    ):
        clock.follow(Path(folder) / "clock")
        home = Database(Settings(home=Path(folder) / "home", database_url=None))
        migrating.require_newest(home)
        address = f"http://localhost:{port}"
        place = site.make_place(home, sims, address)
        place.enrol()
        with served(place.app, port):
            browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            complaints = shoot_all(browser, place, address, out)
            browser.close()
        place.database.close()
        home.close()
    sys.stdout.write("\n".join([*complaints, f"pictures in {out}"]) + "\n")


if __name__ == "__main__":
    main()
