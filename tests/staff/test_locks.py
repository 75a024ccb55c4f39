"""Locks on the staff site: asked for with what is still open, read whole, signed by two, compared, their files taken."""

import csv
import io
import shutil
import threading
import zipfile

import asked
import locks_by_hand
import pytest
import signed_in
import worked
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import text, update
from werkzeug.serving import make_server

from hometrial import clock
from hometrial.exports import vouching
from hometrial.models import AccessRecord, LockSignature, StaffSession
from hometrial.protocol.safety.details import Details
from hometrial.services import delivering, reaching
from hometrial.services.locking import keeping, making
from hometrial.services.locking.wanted import new_lock, wanted
from hometrial.services.safety import events, reporting
from hometrial.services.staffing import sessions
from hometrial.staff import create_app

pytestmark = pytest.mark.long

BEATS = "Id,Time,Value\n" + "".join(f"1,4/12/2016 7:{n:02}:05 AM,{60 + n}\n" for n in range(20))
CHROMIUM = shutil.which("chromium")
LOCK = {
    "name": "DSMB-1", "kind": "interim", "reason": "the board meets", "formats": ["csv"],
    "profile": "study", "samples": "daily",
}  # fmt: skip
ROLES = {
    "sam": ("statistician",),
    "dana": ("data_manager",),
    "ines": ("investigator",),
    "janus": ("data_manager", "investigator"),
    "dora": ("dsmb",),
}


@pytest.fixture(scope="module")
def site(shared_study, tmp_path_factory):
    """A study with a protocol in force, three people and two sites; its staff site asks for no form's token."""
    folder = tmp_path_factory.mktemp("fitabase")
    (folder / "heartrate_seconds_merged.csv").write_text(BEATS)
    shared_study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    with shared_study.database.transaction("test", "people come") as session:
        for number in (1, 2):
            person = asked.in_trial(session)
            said = reporting.Said("ann", "contact", "staff")
            known = Details(verbatim="headache", start=f"2026-03-0{number}", severity="mild")
            reporting.report(session, person, known, said)
        reaching.add_site(session, "S-02", name="Far away")
    app = create_app(shared_study.database)
    app.config.update(WTF_CSRF_ENABLED=False)
    return app, shared_study.database


@pytest.fixture(scope="module")
def browsers(site):
    app, database = site
    return {name: signed_in.client(app, database, name, roles) for name, roles in ROLES.items()}


@pytest.fixture(scope="module")
def made(site, browsers, tmp_path_factory):
    """Two locks, between which an event became severe: the first asked for on the page. The address of its request."""
    _, database = site
    answer = browsers["sam"].post("/exports/locks/new", data=LOCK)
    assert answer.status_code == 303, answer.text
    delivering.make(database, answer.location.rpartition("/")[2])
    with database.reading() as session:
        newest = delivering.history(session)[0].request
    assert newest.state == "ready", newest.error
    with database.transaction("staff:ines", "seen in the letter") as session:
        first = next(iter(events.states(session))).event
        said = reporting.Said("ines", "contact", "staff")
        reporting.amend(session, first, {"severity": "severe", "grade": 3}, said, because="letter")
    order = new_lock("DSMB-2", "interim", "the board meets again", wanted(("csv",), "words", ()))
    making.make(database, order, tmp_path_factory.mktemp("locks") / "lock", "staff:dana")
    return answer.location


@pytest.fixture
def by_hand(site, made):
    """Make a lock that nobody has signed."""
    _, database = site

    def make(name, **more):
        with database.transaction("test", "a lock") as session:
            return locks_by_hand.lock(session, name, **more)

    return make


def one_site(site, name, role):
    app, database = site
    return signed_in.client(app, database, name, (role,), ("S-01",))


def sign(browser, lock, role, **fields):
    told = {"role": role, "root": lock.root, "first": lock.root[:8], "read": "y", **fields}
    return browser.post(f"/exports/locks/{lock.number}/sign", data=told)


def test_what_is_still_open_is_counted_before_a_lock_and_bars_nothing(site, browsers):
    page = browsers["sam"].get("/exports/locks/new").text
    assert 'Adverse events that nobody has coded</th><td class="n stand-out">2' in page
    assert 'Queries that are open</th><td class="n">0' in page
    assert "Make the lock" in page


def test_who_does_not_see_all_sites_makes_no_lock_and_takes_no_files(site, browsers, by_hand):
    browser, lock = one_site(site, "sid", "statistician"), by_hand("partly-seen")
    assert "You see 1 of 2 sites" in browser.get("/exports/locks/new").text
    answer = browser.post("/exports/locks/new", data={**LOCK, "name": "partly"})
    assert answer.status_code == 422
    assert "Make the lock" not in answer.text
    browser.post(f"/exports/locks/{lock.number}/files")
    assert "sees 1 of 2 sites" in browser.get(f"/exports/locks/{lock.number}").text
    assert browser.get(f"/exports/locks/{lock.number}/changes").status_code == 409
    _, database = site
    with database.reading() as session:
        assert "sid" not in {each.name for each in delivering.history(session)}


def test_a_lock_is_made_and_all_of_its_manifest_can_be_read(site, browsers, made):
    _, database = site
    with database.reading() as session:
        lock = keeping.find(session, "DSMB-1")
    page = browsers["dora"].get(f"/exports/locks/{lock.number}").text
    for told in (
        lock.root, lock.facts["code"]["sha256"], "ldn-mecfs 1.0.0", "the board meets", lock.facts["profile"]["text"],
        'sdtm.DM</th><td class="n">3', 'adverse_event</th><td class="n">2',
    ):  # fmt: skip
        assert told in page
    for person in lock.facts["participants"]:
        assert person not in page
    assert f"Lock {lock.name}" in browsers["sam"].get(made).text


def test_its_files_are_made_again_for_another_and_vouch_for_themselves(
    site, browsers, made, tmp_path
):
    _, database = site
    with database.reading() as session:
        lock = keeping.find(session, "DSMB-1")
    answer = browsers["dana"].post(f"/exports/locks/{lock.number}/files")
    delivering.make(database, answer.location.rpartition("/")[2])
    with browsers["dana"].get(answer.location + "/file.zip") as taken:
        assert taken.status_code == 200, browsers["dana"].get(answer.location).text
        zipfile.ZipFile(io.BytesIO(taken.data)).extractall(tmp_path)
    found = vouching.verify(tmp_path)
    assert (found.problems, found.root) == ((), lock.root)
    assert browsers["sam"].get(answer.location + "/file.zip").status_code == 404


def test_a_name_is_given_once_and_the_refusal_stands_beside_it(browsers, made):
    answer = browsers["sam"].post("/exports/locks/new", data={**LOCK, "name": "dsmb-1"})
    assert answer.status_code == 422
    assert "bears the name DSMB-1" in answer.text
    assert 'aria-describedby="name-hint name-wrong"' in answer.text


@pytest.mark.parametrize(
    ("field", "value"), [("name", "a b"), ("kind", "hard"), ("reason", " "), ("profile", "words")]
)
def test_what_is_asked_for_badly_is_refused_and_makes_nothing(site, browsers, field, value):
    answer = browsers["sam"].post(
        "/exports/locks/new", data={**LOCK, "name": "badly", field: value}
    )
    assert answer.status_code == 422
    _, database = site
    with database.reading() as session:
        assert "badly" not in {each.lock for each in delivering.history(session)}


def test_two_people_sign_and_then_it_stands(site, browsers, by_hand):
    lock = by_hand("signed")
    assert "waits for your signature as data manager" in browsers["dana"].get("/exports").text
    assert sign(browsers["dana"], lock, "data_manager").status_code == 303
    shown = browsers["ines"].get(f"/exports/locks/{lock.number}").text
    assert "Yet to sign: investigator" in shown
    assert sign(browsers["ines"], lock, "investigator").status_code == 303
    shown = browsers["sam"].get(f"/exports/locks/{lock.number}").text
    assert "Yet to sign" not in shown
    assert "I have reviewed what this lock holds" in shown
    _, database = site
    with database.reading() as session:
        rows = session.query(LockSignature).filter_by(lock_id=lock.id).all()
        noted = session.query(AccessRecord).filter_by(kind="signed", who="staff:ines").all()
    assert {(each.signed_by, each.role, each.root) for each in rows} == {
        ("staff:dana", "data_manager", lock.root), ("staff:ines", "investigator", lock.root),
    }  # fmt: skip
    assert f"POST /exports/locks/{lock.number}/sign" in {each.what for each in noted}


def test_nobody_signs_twice(browsers, by_hand):
    lock = by_hand("twice")
    assert sign(browsers["janus"], lock, "data_manager").status_code == 303
    again = sign(browsers["janus"], lock, "investigator")
    assert again.status_code == 422
    assert "another person signs as investigator" in again.text
    assert "You have signed it" in browsers["janus"].get(f"/exports/locks/{lock.number}/sign").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"root": "0" * 64, "first": "0" * 8}, "is not the root of lock"),
        ({"first": "0" * 8}, "These are not the first characters"),
        ({"read": ""}, "Tick this when you have"),
        ({"role": "investigator"}, "Not a valid choice"),
    ],
)
def test_a_signature_is_for_the_root_that_was_read_in_a_role_that_one_holds(
    site, browsers, by_hand, fields, said
):
    lock = by_hand(f"other-{said.split()[0]}")
    answer = sign(browsers["dana"], lock, fields.pop("role", "data_manager"), **fields)
    assert answer.status_code == 422
    assert said in answer.text
    _, database = site
    with database.reading() as session:
        assert session.query(LockSignature).filter_by(lock_id=lock.id).count() == 0


def test_a_signature_needs_a_fresh_proof(site, by_hand):
    app, database = site
    lock, browser = by_hand("stale"), signed_in.client(app, database, "olaf", ("investigator",))
    with database.transaction("test", "time goes by") as session:
        old = clock.now() - sessions.FRESH - sessions.FRESH
        session.execute(update(StaffSession).values(confirmed_at=old).where(
            StaffSession.account_id == signed_in.account(session, "olaf", ()).id
        ))  # fmt: skip
    for answer in (
        browser.get(f"/exports/locks/{lock.number}/sign"),
        sign(browser, lock, "investigator"),
    ):
        assert answer.status_code == 303
        assert "/confirm" in answer.location
    with database.reading() as session:
        assert session.query(LockSignature).filter_by(lock_id=lock.id).count() == 0


def test_a_role_without_the_right_is_refused_and_that_is_kept(site, browsers, by_hand):
    lock = by_hand("not-yours")
    for name, address in (
        ("sam", f"/exports/locks/{lock.number}/sign"),
        ("ines", "/exports/locks/new"),
        ("dora", f"/exports/locks/{lock.number}/changes"),
        ("sam", f"/exports/locks/{lock.number}/decision"),
    ):
        assert browsers[name].get(address).status_code == 403
        _, database = site
        with database.reading() as session:
            kept = session.query(AccessRecord).filter_by(kind="refused", who=f"staff:{name}").all()
        assert f"GET {address}" in {each.what for each in kept}


def test_an_unknown_lock_is_not_found(browsers):
    for address in ("", "/sign", "/changes", "/changes.csv"):
        answer = browsers["dana"].get(f"/exports/locks/9999{address}")
        assert answer.status_code == 404, address
        assert "no lock is called 9999" in answer.text
    assert browsers["dana"].post("/exports/locks/9999/files").status_code == 404


def test_two_locks_are_compared_by_table_with_who_and_when(site, browsers, made):
    _, database = site
    with database.reading() as session:
        before, later = (keeping.find(session, name) for name in ("DSMB-1", "DSMB-2"))
    address, before = f"/exports/locks/{later.number}/changes", before.number
    worked.out(database, "differences", later.number, before, "study")
    page = browsers["sam"].get(f"{address}?since={before}&table=adverse_event").text
    assert '<td>severity</td><td class="change">mild</td><td class="change">severe</td>' in page
    assert "staff:ines" in page
    assert "seen in the letter" not in page  # words stay behind in one of the two
    assert "NOT RELEASED" in page
    shown = browsers["sam"].get(f"{address}.csv?since={before}&table=adverse_event")
    rows = list(csv.DictReader(io.StringIO(shown.text)))
    told = {each["variable"]: (each["after"], each["who"], each["why"]) for each in rows}
    assert told["severity"] == ("severe", "staff:ines", "NOT RELEASED")
    assert told["grade"][0] == "3"
    backwards = browsers["sam"].get(f"{address}?since={later.number}")
    assert "compare with an earlier one" in backwards.text


def test_the_papers_of_a_lock_are_read_by_whom_they_are_for(site, browsers, made):
    _, database = site
    with database.reading() as session:
        lock = keeping.find(session, "DSMB-1")
    address = f"/exports/locks/{lock.number}"
    for kind in ("report", "open", "closed", "masked"):
        worked.out(database, kind, lock.number)
    for name, paper, words in (
        ("sam", "report", "Pilot"), ("sam", "open-pack", "open pack"),
        ("dora", "open-pack", "open pack"), ("dora", "closed-pack", "CLOSED pack"),
    ):  # fmt: skip
        answer = browsers[name].get(f"{address}/{paper}.html")
        assert answer.status_code == 200, (paper, answer.text)
        assert words in answer.text
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert browsers["dora"].get(f"{address}/closed-pack-masked.pdf").data.startswith(b"%PDF")
    assert "closed-pack" not in browsers["sam"].get(address).text
    for name in ("sam", "dana", "ines"):
        assert browsers[name].get(f"{address}/closed-pack.html").status_code == 403
        with database.reading() as session:
            kept = session.query(AccessRecord).filter_by(kind="refused", who=f"staff:{name}").all()
        assert f"GET {address}/closed-pack.html" in {each.what for each in kept}
    assert one_site(site, "sid", "statistician").get(f"{address}/report.html").status_code == 409


def test_a_paper_is_made_by_a_worker_while_its_page_says_so(site, browsers, by_hand):
    _, database = site
    number = by_hand("to-be-read").number
    address, follow = f"/exports/locks/{number}/open-pack.pdf", f"/exports/locks/{number}/making/open.pdf"  # fmt: skip
    assert "no worker is making it" in browsers["sam"].get(follow).text
    for _ in range(2):
        answer = browsers["sam"].get(address)
        assert answer.status_code == 202
        assert f'data-live="{follow}"' in answer.text
        assert "waits for a worker, and none gives a sign of life" in answer.text
    assert "data-busy" in browsers["dora"].get(follow).text
    with database.reading() as session:
        told = {"kind": "open", "lock": number, "before": 0, "profile": ""}
        found = session.scalars(text("SELECT args FROM jobs.procrastinate_jobs WHERE task_name = 'work out'"))  # fmt: skip
        assert list(found).count(told) == 1
    assert browsers["ines"].get(follow).status_code == 403


def test_a_paper_that_cannot_be_made_says_why_and_how_to_try_again(site, browsers, by_hand):
    _, database = site
    number = by_hand("keeps-nothing").number
    worked.out(database, "report", number)
    address = f"/exports/locks/{number}/report.html"
    page = browsers["sam"].get(address).text
    assert "cannot open it" in page
    assert f'href="{address}?again=yes"' in page
    assert "waits for a worker" in browsers["sam"].get(f"{address}?again=yes").text
    csv_ = browsers["sam"].get(f"/exports/locks/{number}/changes.csv?since=1")
    assert (csv_.status_code, csv_.location) == (303, f"/exports/locks/{number}/changes?since=1")


@pytest.fixture
def opened(site):
    """Open a page as somebody, in a real browser on a small dark screen."""
    app, database = site
    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with sync_playwright() as play:
        chromium = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )

        def open_(name, path):
            context = chromium.new_context(
                base_url=address, color_scheme="dark", viewport={"width": 390, "height": 800}
            )
            context.add_cookies([signed_in.cookie(app, database, address, name, ROLES[name])])
            page = context.new_page()
            page.goto(path)
            return page

        yield open_
        chromium.close()
    server.shutdown()
    app.config["WTF_CSRF_ENABLED"] = False


def flaws(page):
    """Return what is wrong with a page for who cannot see or point, and how far it is too wide."""
    found = [each["id"] for each in Axe().run(page).response["violations"]]
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return found + ([f"{wide} too wide"] if wide > 0 else [])


@pytest.mark.skipif(CHROMIUM is None, reason="there is no browser on this machine")
def test_a_lock_is_read_and_signed_in_a_browser_by_keyboard(site, by_hand, opened):
    _, database = site
    lock = by_hand("in-a-browser")
    page = opened("ines", f"/exports/locks/{lock.number}")
    assert flaws(page) == []
    page.get_by_role("link", name="Sign it").press("Enter")
    page.get_by_label("The first 8 characters").fill(lock.root[:8])
    assert flaws(page) == []
    page.get_by_label("I have read what this lock holds").press("Space")
    page.get_by_role("button", name="Sign").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("You signed in-a-browser")
    with database.reading() as session:
        assert session.query(LockSignature).filter_by(lock_id=lock.id).one().role == "investigator"


@pytest.mark.skipif(CHROMIUM is None, reason="there is no browser on this machine")
def test_what_differs_is_shown_by_itself_when_it_is_made_and_read_on_a_small_screen(
    site, made, opened
):
    _, database = site
    shutil.rmtree(database.settings.home / "worked-out", ignore_errors=True)
    page = opened("dana", "/exports/locks/2/changes?since=1&table=adverse_event")
    expect(page.get_by_text("waits for a worker")).to_be_visible()
    assert flaws(page) == []
    worked.out(database, "differences", 2, 1, "study")
    expect(page.get_by_role("table")).to_contain_text("severity")
    assert flaws(page) == []
