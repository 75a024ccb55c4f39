"""Takes pictures of every page of a study's staff site: python tests/staff/shots.py HOME FOLDER.

A HOME that does not exist is made, with the small study of linked accounts that the tests use.
"""

import importlib
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

import waitress
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from hometrial.db import Database
from hometrial.services import migrating
from hometrial.settings import Settings
from hometrial.staff import create_app

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
DRAWN = "[...document.querySelectorAll('[data-chart]')].every(place => place.childElementCount)"
WIDTHS, SCHEMES = (1440, 1024, 390), ("light", "dark")


def _run(server: waitress.server.BaseWSGIServer) -> None:
    # Who closes a server takes the sockets away on which it waits.
    with suppress(OSError):
        server.run()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve a site on a free port of this machine; gives its address."""
    server = waitress.create_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=_run, args=(server,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        thread.join(timeout=5)


def pages_of(page: Page) -> dict[str, str]:
    """Return one address of each kind of page, found by following links."""
    found = {
        name: f"/{name}"
        for name in ("people", "sync", "batches", "quarantine", "providers", "audit")
    }
    found |= {
        "today": "/",
        "completeness": "/completeness",
        "steps": "/completeness?stream=steps",
        "table": "/completeness?as=table",
        "forecast": "/completeness/forecast",
        "quality": "/quality",
        "queries": "/queries",
        "rules": "/rules",
        "signals": "/quality/signals",
    }
    for name, start, link in (
        ("person", "/people", "main tbody a[href^='/people/P-']"),
        ("linked", "/people?show=in+trouble", "main tbody a[href^='/people/P-']"),
        ("log", "/sync", "main tbody tr:last-child a[href$='/sync']"),
        ("hours", "/completeness", "td a[href^='/completeness/']"),
        ("batch", "/batches", "main tbody tr:has(.stand-out) a"),
        ("query", "/quarantine", "main tbody a[href*='/queries/']"),
    ):
        page.goto(start)
        link_of = page.locator(link)
        if link_of.count():
            found[name] = str(link_of.first.get_attribute("href"))
    for name, start, link in (
        ("day", "hours", "main a[href^='/people/P-'][href*='/20']"),
        ("row", "query", "main tbody a"),
        ("doctor", "person", "a[href$='/doctor']"),
        ("ill", "linked", "a[href$='/doctor']"),
        ("report", "batch", "a[href$='/report']"),
    ):
        if start in found:
            page.goto(found[start])
            found[name] = str(page.locator(link).first.get_attribute("href"))
    return found


def shoot(browser: Browser, address: str, cookie: dict[str, str], out: Path) -> list[str]:
    """Take a picture of every page at every width and scheme; returns what the console complained of."""
    complaints: list[str] = []
    for width in WIDTHS:
        for scheme in SCHEMES:
            context = browser.new_context(
                base_url=address, viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            context.add_cookies([cookie])
            page = context.new_page()
            page.on("console", lambda message: complaints.extend(_complaint(message)))
            for name, where in pages_of(page).items():
                page.goto(where, wait_until="networkidle")
                page.wait_for_function(DRAWN)
                page.screenshot(path=out / f"{name}-{width}-{scheme}.png", full_page=True)
            context.close()
    return complaints


def _complaint(message: ConsoleMessage) -> list[str]:
    return [f"{message.text} {message.location}"] if message.type in ("error", "warning") else []


def support(name: str) -> ModuleType:
    """Return a module of the tests' support."""
    place = str(Path(__file__).parents[1] / "support")
    if place not in sys.path:
        sys.path.insert(0, place)
    return importlib.import_module(name)


def make_sample(database: Database) -> None:
    """Put the tests' small study of linked accounts into a new home."""
    linked = support("linked")
    migrating.require_newest(database)
    with database.transaction("pictures", "a small study of linked accounts") as session:
        linked.sample_study(session)


def main() -> None:
    """Take the pictures of a study."""
    home, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    is_new = not home.exists()
    database = Database(Settings(home=home))
    if is_new:
        make_sample(database)
    app = create_app(database)
    with served(app) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        complaints = shoot(
            browser, address, support("signed_in").cookie(app, database, address), out
        )
        browser.close()
    database.close()
    sys.stdout.write("\n".join([*complaints, f"pictures in {out}"]) + "\n")


if __name__ == "__main__":
    main()
