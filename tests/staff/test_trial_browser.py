"""The trial's pages in a real browser: under axe, never wider than the screen, judged and added up while one types."""

import shutil
import threading
from collections.abc import Iterator

import enrolled
import pytest
import signed_in
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect, sync_playwright
from werkzeug.serving import make_server

from hometrial.services import enrolling
from hometrial.services.trial import drafting, publishing, schemes, screening, sealed
from hometrial.staff import create_app

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no browser on this machine"),
]


@pytest.fixture(scope="module")
def site(shared_study) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    database = shared_study.database
    with database.transaction("test", "a trial and a draft") as session:
        version = enrolled.published(session)
        schemes.open_scheme(session, database.settings.key(sealed.KEY), version, by="ann")
        person = enrolled.eligible(session, version)
        enrolling.set_zone(session, person, "Europe/Berlin", source="test")
        screening.open_screening(session, version, by="ann")
        draft = drafting.from_shipped(session, "ldn-mecfs", "next", by="ann", is_test=False)
        waiting = publishing.load(
            session, enrolled.BODY.replace("1.0.0", "1.1.0", 1).replace("from home", "at home", 1),
            "t.yaml", by="ann",
        )  # fmt: skip
        ids = {"draft": str(draft.id), "version": str(waiting.id)}
    app = create_app(database)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield address, signed_in.cookie(app, database, address), ids
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        found = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield found
        found.close()


def opened(browser: Browser, site, **look):
    context = browser.new_context(base_url=site[0], **look)
    context.add_cookies([site[1]])
    return context


@pytest.mark.parametrize(("width", "colours"), [(1024, "light"), (390, "dark")])
def test_axe_finds_nothing_and_no_page_is_wider_than_the_screen(browser, site, width, colours):
    draft = f"/trial/drafts/{site[2]['draft']}"
    pages = (
        "/trial", f"/trial/versions/{site[2]['version']}", "/trial/recruitment", "/trial/burden", "/enrol",
        "/enrol/log", "/enrol/P-0001", "/enrol/P-0002", "/trial/drafts", draft, f"{draft}/part/arms",
        f"{draft}/part/schedule", f"{draft}/words/0", f"{draft}/changes", f"{draft}/text",
    )  # fmt: skip
    context = opened(browser, site, viewport={"width": width, "height": 900}, color_scheme=colours)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{page.url} {message.text}"))
    for path in pages:
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, path
        found = Axe().run(page)
        assert found.violations_count == 0, (path, found.generate_report())
    assert complaints == []
    context.close()


def test_the_verdict_follows_the_typing(browser, site):
    context = opened(browser, site, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto("/enrol/P-0002")
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("Cannot be decided yet")
    page.locator("#answer-age").fill("75")
    expect(verdict).to_contain_text("Not eligible by what stands here")
    expect(page.locator('[data-criterion="I1"]')).to_have_text("not met")
    page.locator("#answer-age").fill("old")
    expect(page.locator("#answer-age-wrong")).to_contain_text("is no number")
    page.locator("#answer-age").fill("41")
    expect(page.locator('[data-criterion="I1"]')).to_have_text("met")
    expect(verdict).to_contain_text("Cannot be decided yet")
    context.close()


def test_the_burden_follows_the_typing(browser, site):
    context = opened(browser, site, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"/trial/drafts/{site[2]['draft']}/part/schedule")
    now = page.locator("#burden-now")
    expect(now).not_to_contain_text("above the budget")
    page.get_by_text("ldn_diary Daily diary", exact=True).first.click()
    page.locator('[id="forms.13.minutes"]').fill("8")
    expect(now).to_contain_text("above the budget: it is not published like this")
    page.locator('[id="forms.13.minutes"]').fill("1.5")
    expect(now).not_to_contain_text("above the budget")
    context.close()


def test_the_link_is_handed_over_with_a_picture_that_phones_read(browser, site):
    context = opened(browser, site, viewport={"width": 1024, "height": 900})
    page = context.new_page()
    page.goto("/enrol/P-0002")
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator(".qr svg")).to_be_visible()
    expect(page.locator(".link-once")).to_contain_text("/join/")
    page.emulate_media(media="print")
    expect(page.get_by_text("shown once and kept nowhere")).to_be_hidden()
    expect(page.locator(".qr svg")).to_be_visible()
    context.close()
