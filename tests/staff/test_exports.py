"""Data sets are foreseen, asked for, made in the background, taken by whoever asked, and by nobody else."""

import hashlib
import io
import json
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
import signed_in

from hometrial import clock
from hometrial.errors import ExportRefusedError
from hometrial.exports.formats.writing import FORMATS
from hometrial.models import AccessRecord, DataRequest, Participant, Site, StaffGrant
from hometrial.services import delivering, enrolling, reaching
from hometrial.services.delivering import ProfileRefusedError
from hometrial.services.locking.wanted import wanted
from hometrial.services.staffing import acting, sessions
from hometrial.staff import create_app
from hometrial.staff.pages.exports import history
from hometrial.staff.pages.exports.forms import FORMAT_WORDS

pytestmark = pytest.mark.long

HEART_RATE = {
    "heartrate_seconds_merged.csv": "Id,Time,Value\n"
    + "".join(f"{who},4/12/2016 7:2{n}:00 AM,{60 + n}\n" for who in (1, 2) for n in range(5))
}


@pytest.fixture
def place(study, fitabase):
    """A study of two people, one at each of two sites, and its site without forms' tokens."""
    study.take_in("fitabase", fitabase(HEART_RATE), create_participants=True, zone="Europe/Berlin")
    with study.database.transaction("test", "a second site") as session:
        there = reaching.add_site(session, "S-02", name="Far away")
        enrolling.find_participant(session, "P-0002").site_id = there.id
    app = create_app(study.database)
    app.config.update(WTF_CSRF_ENABLED=False, TESTING=True)
    return app


WANTED = {"formats": ["csv"], "sites": ["S-01"], "profile": "study", "samples": "all"}


def ask(browser, **fields):
    return browser.post("/exports/new", data={**WANTED, **fields})


def statistician(place, study, name="sam", sites=("S-01",)):
    return signed_in.client(place, study.database, name, ("statistician",), sites)


def make(study):
    with study.database.reading() as session:
        waiting = [each.request.id for each in delivering.history(session) if each.request.state == "waiting"]  # fmt: skip
    for each in waiting:
        delivering.make(study.database, each)


def test_what_an_export_would_hold_is_told_before_it_runs(place, study):
    page = statistician(place, study).get("/exports/new").text
    assert "What it would hold: 1 people" in page
    assert re.search(r'heart rate</th><td class="n">5<', page)


def test_data_sets_of_ones_sites_are_made_and_taken(place, study):
    browser = statistician(place, study)
    answer = ask(browser)
    assert answer.status_code == 303
    assert "It waits for a worker" in browser.get(answer.location).text
    assert "0 of 7 steps done" in browser.get("/exports").text
    early = browser.get(answer.location + "/file.zip")
    assert (early.status_code, "not ready yet" in early.text) == (409, True)
    make(study)
    assert "Take the file" in browser.get(answer.location + "/now").text
    assert "Take it" in browser.get("/exports").text
    with browser.get(answer.location + "/file.zip") as taken:
        body = taken.data
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        manifest = json.loads(archive.read("MANIFEST.json"))
        assert manifest["participants"] == ["P-0001"]
        for file in manifest["files"]:
            assert hashlib.sha256(archive.read(file["path"])).hexdigest() == file["sha256"]
        everything = b"".join(archive.read(name) for name in archive.namelist())
        assert {"tidy/participant.csv"} < set(archive.namelist())
        assert any(name.startswith("samples/") for name in archive.namelist())
    assert b"P-0002" not in everything
    with study.database.reading() as session:
        request = session.query(DataRequest).one()
        assert request.sha256 == hashlib.sha256(body).hexdigest()
        kinds = [each.what for each in session.query(AccessRecord) if each.kind == "exported"]
    assert f"GET {answer.location}/file.zip" in kinds


def test_nobody_takes_what_another_asked_for(place, study):
    address = ask(statistician(place, study)).location
    make(study)
    other = statistician(place, study, "olga")
    assert other.get(address).status_code == 404
    assert other.get(address + "/now").status_code == 404
    assert other.post(address + "/again").status_code == 404
    assert other.get(address + "/file.zip").status_code == 404
    place.testing = False
    monitor = signed_in.client(place, study.database, "mona", ("monitor",), ("S-01",))
    assert monitor.get(address).status_code == 403
    assert "sam" in monitor.get("/exports/history").text


def test_who_has_asked_is_asked_to_wait(place, study):
    browser = statistician(place, study)
    ask(browser)
    again = ask(browser)
    assert again.status_code == 422
    assert "not ready yet" in again.text


@pytest.mark.parametrize("formats", [[], ["xlsx"]])
def test_a_format_that_cannot_be_written_is_refused(place, study, formats):
    assert ask(statistician(place, study), formats=formats).status_code == 422


def test_a_disk_that_cannot_be_written_leaves_a_reason_and_a_way_out(place, study):
    browser = statistician(place, study)
    address = ask(browser).location
    blocked = delivering.place(
        study.database.settings.home, address.rpartition("/")[2]
    ).with_suffix("")
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("not a folder")
    make(study)
    blocked.unlink()
    assert "What you asked for last could not be made" in browser.get("/exports").text
    shown = browser.get(address).text
    assert "give a folder" in shown
    assert "Try again" in shown
    answer = browser.post(address + "/again")
    assert answer.status_code == 303
    assert answer.location != address
    make(study)
    with browser.get(answer.location + "/file.zip") as taken:
        assert taken.status_code == 200
    assert browser.post(answer.location + "/again").status_code == 303
    assert "there is nothing to ask again" in browser.get(answer.location).text


def test_a_file_is_kept_for_a_week(place, study, monkeypatch):
    browser = statistician(place, study)
    address = ask(browser).location
    make(study)
    later = clock.now() + delivering.KEPT + timedelta(hours=1)
    with monkeypatch.context() as moved:
        moved.setattr(clock, "now", lambda: later)
        assert delivering.expire(study.database) == 1
    assert browser.get(address + "/file.zip").status_code == 410
    assert "removed" in browser.get(address).text
    assert not delivering.place(study.database.settings.home, address.rpartition("/")[2]).exists()


def test_a_file_is_over_after_a_week_also_while_no_worker_clears_up(place, study, monkeypatch):
    browser = statistician(place, study)
    address = ask(browser, samples="daily").location
    make(study)
    later = clock.now() + delivering.KEPT + timedelta(hours=1)
    # the log-in, of the machine's time, is not over by then
    monkeypatch.setattr(sessions, "IDLE", timedelta(days=30))
    monkeypatch.setattr(sessions, "LONGEST", timedelta(days=30))
    monkeypatch.setattr(clock, "now", lambda: later)
    answer = browser.get(address + "/file.zip")
    assert (answer.status_code, "expired; ask for them again" in answer.text) == (410, True)
    assert "removed after 7 days" in browser.get(address).text
    assert "Take it" not in browser.get("/exports").text
    assert browser.post(address + "/again").location != address


def test_a_file_that_is_not_on_the_disk_is_asked_for_again(place, study):
    browser = statistician(place, study)
    address = ask(browser, samples="daily").location
    make(study)
    delivering.place(study.database.settings.home, address.rpartition("/")[2]).unlink()
    answer = browser.get(address + "/file.zip")
    assert (answer.status_code, "their file is gone; ask for them again" in answer.text) == (410, True)  # fmt: skip
    assert "its file is gone" in browser.get(address).text
    assert "Take it" not in browser.get("/exports").text
    again = browser.post(address + "/again").location
    assert again != address
    make(study)
    with browser.get(again + "/file.zip") as taken:
        assert taken.status_code == 200


def test_what_expired_is_asked_for_again(place, study, monkeypatch):
    browser = statistician(place, study)
    address = ask(browser, samples="daily", profile="blinded").location
    make(study)
    later = clock.now() + delivering.KEPT + timedelta(hours=1)
    with monkeypatch.context() as moved:
        moved.setattr(clock, "now", lambda: later)
        delivering.expire(study.database)
    browser.post(address + "/again")
    with study.database.reading() as session:
        new, old = [each.request for each in delivering.history(session)]
    assert (new.state, new.profile, new.streams) == ("waiting", "blinded", [])
    assert (old.profile, old.streams, old.sites) == (new.profile, new.streams, new.sites)


def test_who_sees_all_sites_gets_the_people_of_those_that_they_choose(place, study):
    with study.database.transaction("test", "everywhere") as session:
        assert {person.site_id for person in session.query(Participant)} == {
            site.id for site in session.query(Site)
        }
    browser = statistician(place, study, "sally", sites=None)
    assert "hold: 2 people" in browser.get("/exports/new").text
    fewer = browser.post("/exports/new", data={**WANTED, "sites": ["S-02"], "count": "yes"})
    assert fewer.status_code == 200
    assert "hold: 1 people" in fewer.text
    with study.database.reading() as session:
        assert delivering.history(session) == []


def test_a_site_that_is_not_ones_own_cannot_be_chosen(place, study):
    answer = ask(statistician(place, study), sites=["S-01", "S-02"])
    assert answer.status_code == 422
    assert "Far away" not in answer.text


def test_only_the_samples_of_the_chosen_streams_are_counted(place, study):
    browser = statistician(place, study)
    for streams, count in ((["heart_rate"], 5), (["steps"], 0)):
        shown = browser.post(
            "/exports/new",
            data={**WANTED, "samples": "chosen", "streams": streams, "count": "yes"},
        ).text
        assert f"<dt>samples chosen</dt><dd>{count}</dd>" in shown
    assert ask(browser, samples="chosen").status_code == 422


def test_a_profile_is_for_the_roles_that_it_names(place, study):
    browser = statistician(place, study)
    assert 'value="words"' not in browser.get("/exports/new").text
    assert ask(browser, profile="words").status_code == 422
    keeper = signed_in.client(place, study.database, "dana", ("data_manager",), ("S-01",))
    assert ask(keeper, profile="words").status_code == 303


def test_who_lost_a_site_does_not_take_its_people(place, study):
    browser = statistician(place, study, "sally", sites=None)
    address = ask(browser, sites=["S-01", "S-02"]).location
    make(study)
    with study.database.transaction("test", "the grant ends") as session:
        there = session.query(Site).filter_by(code="S-02").one().id
        grant = session.query(StaffGrant).filter_by(site_id=there, role="statistician").one()
        grant.ended_at, grant.ended_by, grant.end_reason = clock.now(), "staff:ada", "left"
    assert browser.get(address + "/file.zip").status_code == 410
    assert "no longer see" in browser.get(address).text


def test_who_lost_the_role_that_may_have_words_does_not_take_them(place, study):
    both = ("data_manager", "statistician")
    browser = signed_in.client(place, study.database, "dana", both, ("S-01",))
    address = ask(browser, profile="words", samples="daily").location
    make(study)
    with browser.get(address + "/file.zip") as taken:
        assert taken.status_code == 200
    with study.database.transaction("test", "the grant ends") as session:
        grant = session.query(StaffGrant).filter_by(role="data_manager").one()
        grant.ended_at, grant.ended_by, grant.end_reason = clock.now(), "staff:ada", "left"
    answer = browser.get(address + "/file.zip")
    assert answer.status_code == 410
    assert "words is for data_manager; dana holds statistician" in answer.text
    assert "Take the file" not in browser.get(address).text


def test_words_are_for_sites_at_which_one_is_data_manager(study, place):
    with study.database.transaction("test", "a role at each of two sites") as session:
        signed_in.account(session, "dana", ("data_manager",), ("S-01",))
        account = signed_in.account(session, "dana", ("statistician",), ("S-02",))
        dana = acting.actor_of(session, account)
        sites = {site.code: site.id for site in session.query(Site)}
        asked = wanted(("csv",), "words", ())
        with pytest.raises(ProfileRefusedError, match="not at each of these sites"):
            delivering.ask_draft(session, dana, frozenset(sites.values()), asked)
        assert delivering.ask_draft(session, dana, frozenset({sites["S-01"]}), asked).id


def test_of_two_requests_at_once_the_second_is_told_of_the_first(place, study):
    with study.database.transaction("test", "somebody") as session:
        sam = acting.actor_of(session, signed_in.account(session, "sam", ("statistician",)))
    begun, waiting = Event(), Event()

    def first():
        with study.database.transaction("staff:sam", "ask") as session:
            delivering.ask_draft(session, sam, frozenset(sam.all_sites), wanted(("csv",)))
            begun.set()
            waiting.wait(0.5)  # for the second, which must wait for the end of this one

    def second():
        begun.wait()
        with study.database.transaction("staff:sam", "ask") as session:
            delivering.ask_draft(session, sam, frozenset(sam.all_sites), wanted(("csv",)))

    with ThreadPoolExecutor(2) as both:
        one, two = both.submit(first), both.submit(second)
        one.result()
        with pytest.raises(ExportRefusedError, match="not ready yet"):
            two.result()
    with study.database.reading() as session:
        assert delivering.total(session) == 1


def test_the_history_goes_back_to_the_first_request(place, study, monkeypatch):
    monkeypatch.setattr(history, "PER_PAGE", 2)
    browser = statistician(place, study)
    for profile in ("public", "blinded", "study"):
        ask(browser, samples="daily", profile=profile)
        make(study)
    monitor = signed_in.client(place, study.database, "mona", ("monitor",), ("S-01",))
    page = monitor.get("/exports/history").text
    assert "1–2 of 3" in page
    assert "<td>public</td>" not in page
    older = re.search(r'href="([^"]*)">older', page).group(1).replace("&amp;", "&")
    page = monitor.get("/exports/history" + older).text
    assert "<td>public</td>" in page
    assert "<td>study</td>" not in page


def test_the_history_tells_what_was_chosen(place, study):
    ask(statistician(place, study), samples="daily", profile="public")
    shown = (
        signed_in.client(place, study.database, "mona", ("monitor",), ("S-01",))
        .get("/exports/history")
        .text
    )
    assert "daily tables alone" in shown
    assert "<td>public</td>" in shown


def test_every_format_says_what_it_is_for():
    assert set(FORMAT_WORDS) == set(FORMATS)
