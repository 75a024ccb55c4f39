"""The timeline on a person's page: valid, exact, the same as table and files, held to who may see, and quick to move in."""

import csv
import importlib.util
import io
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import altair as alt
import long_life
import pytest
import signed_in
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import event

from hometrial import clock
from hometrial.db import Database
from hometrial.models import DailyMetric
from hometrial.services import enrolling
from hometrial.services.viewing.timeline import reading
from hometrial.services.viewing.timeline.reading import Timeline
from hometrial.staff import create_app

pytestmark = pytest.mark.long

_spec = importlib.util.spec_from_file_location("shots", Path(__file__).with_name("shots.py"))
assert _spec is not None
assert _spec.loader is not None
shots = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(shots)

CHROMIUM = shutil.which("chromium")
# Without a browser on the machine there is nothing here to run.
with_chromium = pytest.mark.parametrize("chromium", [CHROMIUM] if CHROMIUM else [])
DAYS = 120
FIRST, LAST = long_life.CONSENT, long_life.CONSENT + timedelta(DAYS - 1)
ALL = f"from={FIRST}&to={LAST}"
PERSON = "/people/P-0001"


CHANGE = date(2026, 3, 29)
"""The clocks went forward."""


def _wears(session, person) -> None:
    session.add_all(
        DailyMetric(
            participant_id=person.id, day=CHANGE + timedelta(number), metric="steps", value=900.0 + number,
            rule="test", rule_version=1, computed_at=clock.now(),
        )
        for number in (-1, 0, 1)
    )  # fmt: skip


@pytest.fixture(scope="module")
def lived(shared_study, tmp_path_factory) -> Iterator[Database]:
    """A study with somebody of whom a hundred and twenty days are on record, and somebody without a zone."""
    board = tmp_path_factory.mktemp("clock") / "clock"

    def set_(moment) -> None:
        clock.turn(board, moment)
        clock.follow(board)

    set_(long_life.at(FIRST, 8))
    with shared_study.database.transaction("test", "a long life") as session:
        long_life.make(session, set_, days=DAYS)
        _wears(session, enrolling.add_participant(session, code="P-0002"))
        for code in ("P-0003", "P-0004"):
            somebody = enrolling.add_participant(session, code=code)
            enrolling.set_zone(session, somebody, "Europe/Berlin", source="test")
        _wears(session, somebody)
    yield shared_study.database
    clock.unfollow()


@pytest.fixture(scope="module")
def site(lived: Database) -> Flask:
    return create_app(lived)


@pytest.fixture(scope="module")
def team(site: Flask, lived: Database) -> FlaskClient:
    return signed_in.client(site, lived)


@pytest.fixture(scope="module")
def timeline(lived: Database) -> Timeline:
    with lived.reading() as session:
        person = enrolling.find_participant(session, "P-0001")
        known = reading.known_days(session, person)
        assert (known.first, known.last) == (FIRST, LAST)
        return reading.read(session, person, known)


def document(team: FlaskClient, ask: str = ALL, width: int = 1200):
    return team.get(f"{PERSON}/timeline.json?{ask}&width={width}").get_json()


@pytest.mark.parametrize("width", [300, 1200])
def test_the_document_is_valid_vega_lite_and_loads_nothing(team: FlaskClient, width: int) -> None:
    made = document(team, width=width)
    assert alt.Chart.from_dict(made).to_dict()
    assert '"url"' not in str(made)


def test_a_hundred_and_twenty_days_are_a_small_answer(team: FlaskClient) -> None:
    assert len(team.get(f"{PERSON}/timeline.json?{ALL}").data) < 250_000


def test_drawn_bands_begin_and_end_at_the_minutes_of_the_dose_log(
    team: FlaskClient, timeline: Timeline
) -> None:
    sets, axis = document(team)["datasets"], timeline.axis
    for name, found in (("ordered", timeline.doses.ordered), ("taken", timeline.doses.taken)):
        edges = [(axis.minute(each.start), axis.minute(each.end)) for each in found]
        assert [(row["t"], row["until"]) for row in sets[name]] == edges
    began = timeline.doses.ordered[1]
    assert sets["ordered"][1]["since"].startswith(f"{axis.day_of(began.start)} 00:00 +01:00")
    taken = [row["t"] for row in sets["times"]]
    assert taken == [axis.minute(each.at) for each in timeline.doses.times]
    assert len(taken) > 70


def test_all_rows_stand_on_one_axis_that_two_signals_cut(team: FlaskClient) -> None:
    made = document(team, f"{ALL}&show_from={LAST - timedelta(6)}&show_to={LAST}")
    signals = {each["name"]: each["value"] for each in made["params"]}
    # A week without a clock change; in the whole stretch, one hour was skipped.
    assert signals["last"] - signals["first"] == 7 * 1440
    assert signals["last"] == DAYS * 1440 - 60
    domains = re.findall(r"'domain': (\[\{'expr': 'first'\}, \{'expr': 'last'\}\])", str(made))
    assert len(made["vconcat"]) <= len(domains)
    assert len({row["width"] for row in made["vconcat"]}) == 1


def test_crash_days_and_rests_are_shaded_in_every_row_of_days(team: FlaskClient) -> None:
    made = document(team)
    kinds = {row["kind"] for row in made["datasets"]["shade"]}
    assert kinds == {"bad day", "suspected crash"}
    rows = [str(row) for row in made["vconcat"] if "'value'" in str(row)]
    assert sum("datum.kind == 'bad day'" in row for row in rows) >= 9


def test_hovering_tells_exactly_what_is_known_of_a_day(team: FlaskClient) -> None:
    day = long_life.FIRST_DOSE + timedelta(60)
    (row,) = [row for row in document(team)["datasets"]["days"] if row["day"] == str(day)]
    assert row["ordered_mg"] == 4.5
    assert re.fullmatch(r"4.5 mg at 21:\d\d", row["dose"])
    assert row["steps"] > 0


@pytest.mark.parametrize(("kind", "begins", "media"), [
    ("svg", b"<svg", "image/svg+xml"), ("png", b"\x89PNG", "image/png"), ("pdf", b"%PDF", "application/pdf"),
])  # fmt: skip
def test_a_picture_can_be_kept(team: FlaskClient, kind: str, begins: bytes, media: str) -> None:
    ask = f"from={LAST - timedelta(13)}&to={LAST}&width=700"
    answer = team.get(f"{PERSON}/timeline.{kind}?{ask}&theme=dark")
    assert answer.mimetype == media
    assert answer.data.startswith(begins)
    name = f"P-0001-timeline-{LAST - timedelta(13)}-to-{LAST}.{kind}"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_picture_is_as_wide_as_it_was_asked_for(team: FlaskClient) -> None:
    for width in (320, 1100):
        picture = team.get(f"{PERSON}/timeline.svg?{ALL}&width={width}").text
        size = re.search(r'<svg[^>]* width="(\d+)', picture)
        assert size is not None
        assert abs(int(size[1]) - width) <= 14
        assert "Dose, mg a day" in picture


@pytest.mark.parametrize("ask", [
    "width=9", "theme=pink", "from=2026-01-01", "from=2026-02-30&to=2026-03-01",
    f"{ALL}&show_from=2020-01-01", f"{ALL}&show_to=soon",
])  # fmt: skip
def test_an_impossible_drawing_is_refused(team: FlaskClient, ask: str) -> None:
    assert team.get(f"{PERSON}/timeline.json?{ask}").status_code == 400


def test_the_file_the_table_and_the_drawing_hold_the_same_figures(team: FlaskClient) -> None:
    lines = list(csv.DictReader(io.StringIO(team.get(f"{PERSON}/timeline.csv?{ALL}").text)))
    drawn = document(team)["datasets"]
    assert len(lines) == DAYS
    table = team.get(f"{PERSON}/table?{ALL}").text
    assert table.count('<th scope="row"') == DAYS
    steps = [round(float(line["steps"])) for line in lines if line["steps"]]
    assert steps == [round(row["value"]) for row in drawn["steps"]]
    for line in lines[::17]:
        shown = float(line["steps"] or 0)
        assert f"{shown:,.10g}" in table
    assert {line["participant"] for line in lines} == {"P-0001"}


def test_the_table_is_sorted_by_any_column_and_says_so(team: FlaskClient) -> None:
    page = team.get(f"{PERSON}/table?{ALL}&sort=steps&order=up").text
    days = re.findall(r'<th scope="row"[^>]*><a href="[^"]*/(\d{4}-\d\d-\d\d)"', page)
    lines = {
        line["day"]: line["steps"]
        for line in csv.DictReader(io.StringIO(team.get(f"{PERSON}/timeline.csv?{ALL}").text))
    }
    known = [float(lines[day]) for day in days if lines[day]]
    assert known == sorted(known)
    assert all(not lines[day] for day in days[len(known) :])
    assert page.count('aria-sort="ascending"') == 1
    assert team.get(f"{PERSON}/table?{ALL}&sort=luck").status_code == 400


def test_words_that_a_spreadsheet_would_run_are_quoted() -> None:
    from hometrial.staff.pages.timeline import _cell

    assert [_cell("=1+1"), _cell("-2"), _cell(-2.0), _cell("a=1"), _cell(None)] == [
        "'=1+1", "'-2", -2.0, "a=1", None,
    ]  # fmt: skip


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    asked: list[str] = []
    listener = lambda *given: asked.append(given[2])  # noqa: E731
    event.listen(database.engine, "before_cursor_execute", listener)
    yield asked
    event.remove(database.engine, "before_cursor_execute", listener)


def test_the_queries_of_page_and_drawing_do_not_grow_with_the_days(
    team: FlaskClient, lived: Database
) -> None:
    for what in ("timeline.json", "timeline.csv", "table"):
        numbers = []
        for first in (LAST, LAST - timedelta(30), FIRST):
            with counted(lived) as asked:
                assert team.get(f"{PERSON}/{what}?from={first}&to={LAST}").status_code == 200
            numbers.append(len(asked))
        assert max(numbers) - min(numbers) == 0, (what, numbers)


def test_only_daily_metrics_and_events_are_read_never_samples(
    team: FlaskClient, lived: Database
) -> None:
    with counted(lived) as asked:
        team.get(f"{PERSON}/timeline.json?{ALL}")
    assert not [each for each in asked if "day_chunk" in each]


@pytest.fixture
def as_somebody(site: Flask, lived: Database) -> Callable[..., FlaskClient]:
    return lambda role: signed_in.client(site, lived, f"only-{role}", (role,), ("S-01",))


def test_alerts_and_consent_are_left_out_for_who_may_not_see_them(as_somebody) -> None:
    lanes = {
        role: {row["lane"] for row in document(as_somebody(role))["datasets"]["marks"]}
        for role in ("coordinator", "statistician")
    }
    assert {"alert", "consent", "visit"} <= lanes["coordinator"]
    assert lanes["statistician"].isdisjoint({"alert", "watch alert", "consent"})


@pytest.mark.parametrize("what", ["timeline.json", "timeline.svg", "timeline.csv", "table"])
def test_who_may_see_no_people_sees_no_timeline(as_somebody, site: Flask, what: str) -> None:
    assert as_somebody("admin").get(f"{PERSON}/{what}").status_code == 403
    assert as_somebody("coordinator").get(f"/people/P-0999/{what}").status_code == 404


def test_of_somebody_without_data_or_zone_the_page_says_so(team: FlaskClient) -> None:
    assert "no time zone on record" in team.get("/people/P-0002").text
    assert "is on record yet" in team.get("/people/P-0003").text
    assert team.get("/people/P-0003/timeline.json").status_code == 404


def test_of_somebody_who_only_wears_a_watch_the_watch_is_drawn_and_no_dose(
    team: FlaskClient,
) -> None:
    made = team.get("/people/P-0004/timeline.json").get_json()
    assert alt.Chart.from_dict(made).to_dict()
    assert [row["value"] for row in made["datasets"]["steps"]] == [899, 900, 901]
    assert "Dose, mg a day" not in str(made)
    (day,) = [row for row in made["datasets"]["days"] if row["day"] == str(CHANGE)]
    assert day["until"] - day["t"] == 1380
    assert team.get("/people/P-0004/timeline.svg").status_code == 200


def test_the_page_offers_lengths_files_and_a_picture_without_scripts(team: FlaskClient) -> None:
    page = team.get(f"{PERSON}?from={LAST - timedelta(29)}&to={LAST}").text
    assert re.search(r'data-zoom="30" aria-current="true"', page)
    assert f"show_from={LAST - timedelta(29)}" in page
    assert f"from={FIRST}&amp;to={LAST}" in page
    noscript = page[page.index("<noscript>") : page.index("</noscript>")]
    assert "/timeline.svg" in noscript


@pytest.fixture(scope="module")
def address(site: Flask) -> Iterator[str]:
    with shots.served(site) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=shots.FLAGS)
        yield found
        found.close()


@contextmanager
def opened(
    browser: Browser, site: Flask, lived: Database, address: str, width: int, path: str
) -> Iterator[Page]:
    context = browser.new_context(base_url=address, viewport={"width": width, "height": 900})
    context.add_cookies([signed_in.cookie(site, lived, address)])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path)
    yield page
    assert complaints == []
    context.close()


@with_chromium
def test_one_moves_and_zooms_and_a_click_opens_the_day(
    chromium: str, browser: Browser, site: Flask, lived: Database, address: str
) -> None:
    with opened(browser, site, lived, address, 1280, PERSON) as page:
        drawn = page.locator("[data-timeline] canvas")
        drawn.wait_for()
        shown = page.locator(".timeline-shown")
        page.get_by_role("link", name="30 days", exact=True).click()
        expect(shown).to_have_text(f"{LAST - timedelta(29)} to {LAST} (30 days)")
        assert f"from={LAST - timedelta(29)}" in page.url
        assert f"from={LAST - timedelta(29)}" in str(
            page.locator("[data-file]").first.get_attribute("href")
        )
        page.locator("[data-timeline]").focus()
        page.keyboard.press("ArrowLeft")
        expect(shown).not_to_contain_text(str(LAST))
        box = drawn.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 600, box["y"] + 120)
        told = shown.inner_text()
        page.mouse.wheel(0, 60)  # the page scrolls, the drawing stays as it is
        page.keyboard.press("0")
        expect(shown).to_have_text(f"{FIRST} to {LAST} ({DAYS} days)")
        assert told != shown.inner_text()
        page.mouse.click(box["x"] + 600, box["y"] + 120)
        page.wait_for_url(re.compile(r"/people/P-0001/2026-\d\d-\d\d$"))


@with_chromium
@pytest.mark.parametrize("path", [PERSON, f"{PERSON}/table?from={LAST - timedelta(20)}&to={LAST}"])
def test_nothing_is_wider_than_a_phone_and_everybody_can_use_it(
    chromium: str, browser: Browser, site: Flask, lived: Database, address: str, path: str
) -> None:
    with opened(browser, site, lived, address, 390, path) as page:
        if path == PERSON:
            page.locator("[data-timeline] canvas").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
