"""The list of people: sorted, narrowed, kept as views, taken away; and what is done for many, with who rests left out."""

import csv
import io
import json
import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import asked
import courses
import dosed
import linked
import pytest
import signed_in
from flask.testing import FlaskClient

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import BadDay, DailyMetric, Message, Pause, SavedView
from hometrial.protocol.dosing.events import Void
from hometrial.protocol.dosing.standing import Kind, gives
from hometrial.services import consenting, reaching, working
from hometrial.services.dosing import ordering, storing
from hometrial.services.trial import bulk
from hometrial.services.viewing import dose_now, roster
from hometrial.services.viewing.choosing import COLUMNS
from hometrial.settings import Settings
from hometrial.staff import create_app

pytestmark = pytest.mark.long

CODES = re.compile(r'<th scope="row"><a href="/people/(P-\d+)"')


@dataclass
class People:
    """Six people of a trial, by how they are."""

    well: str
    dead: str
    paused: str
    ill: str
    left: str
    plain: str


def in_trial(session):
    who = asked.in_trial(session)
    since = clock.now() - timedelta(days=30)
    consenting.grant(session, who, linked.CORE, since=since, source="test")
    return who


@pytest.fixture
def people(study, monkeypatch) -> People:
    chosen = Settings(
        home=study.database.settings.home, database_url=study.database.settings.database_url,
        smtp_host="127.0.0.1", smtp_tls="none", smtp_from="trial@example.org",
    )  # fmt: skip
    monkeypatch.setattr(study.database, "settings", chosen)
    now = clock.now()
    with study.database.transaction("test", "people") as session:
        well, dead, paused, ill, left, plain = (in_trial(session) for _ in range(6))
        for who in (well, paused, ill, left):
            linked.link(session, who)
        linked.link(session, dead, status="reconnect_needed")
        working.open_item(session, dead.id, "reconnect", "google-health", "refused")
        session.add(
            Pause(
                participant_id=paused.id, start_at=now - timedelta(days=1), end_at=None, reason="x"
            )
        )
        session.add(
            BadDay(
                participant_id=ill.id,
                kind="begun",
                severity=2,
                at=now - timedelta(hours=1),
                by="self",
            )
        )
        left.status = "withdrawn"
        for who, share in ((well, 0.9), (dead, 0.25)):
            for number in range(1, 8):
                session.add(DailyMetric(participant_id=who.id, day=now.date() - timedelta(days=number),
                                        metric="wear_minutes", value=1440 * share, rule="wear", rule_version=1, computed_at=now))  # fmt: skip
        return People(*(each.code for each in (well, dead, paused, ill, left, plain)))


@pytest.fixture
def client(study, people) -> FlaskClient:
    return signed_in.client(create_app(study.database), study.database)


def codes(page: str) -> list[str]:
    return CODES.findall(page)


def csrf(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/people").text)
    assert found
    return found[1]


def test_the_list_shows_wear_rest_link_and_tasks_of_each(client, people) -> None:
    page = client.get("/people").text
    assert codes(page) == sorted(vars(people).values())
    row = page[page.index(f'/people/{people.dead}"') :].split("</tr>")[0]
    assert "reconnect needed" in row
    assert "25 %" in row
    assert '<td class="n">1</td>' in row
    assert "bad day" in page[page.index(f'/people/{people.ill}"') :].split("</tr>")[0]
    assert "paused" in page[page.index(f'/people/{people.paused}"') :].split("</tr>")[0]


def test_it_is_sorted_by_every_column_and_by_nothing_else(client, people) -> None:
    for name in COLUMNS:
        for down in ("", "&down=1"):
            assert len(codes(client.get(f"/people?sort={name}{down}").text)) == 6
    by_wear = [
        each
        for each in codes(client.get("/people?sort=wear").text)
        if each in (people.well, people.dead)
    ]
    assert by_wear == [people.dead, people.well]
    assert codes(client.get("/people?sort=tasks&down=1").text)[0] == people.dead
    assert client.get("/people?sort=shoe+size").status_code == 400
    assert client.get("/people?mark=tall").status_code == 400


@pytest.mark.parametrize(
    ("ask", "who"),
    [("mark=trouble", "dead"), ("mark=paused", "paused"), ("mark=bad_day", "ill"), ("status=withdrawn", "left"),
     ("mark=unlinked", "plain"), ("mark=tasks", "dead")],
)  # fmt: skip
def test_it_is_narrowed_to_who_is_asked_for(client, people, ask, who) -> None:
    assert codes(client.get(f"/people?{ask}").text) == [getattr(people, who)]


def test_an_exact_pseudonym_leads_to_the_person_and_a_part_of_one_to_the_list(
    client, people
) -> None:
    answer = client.get(f"/people?q={people.well.lower()}")
    assert (answer.status_code, answer.location) == (303, f"/people/{people.well}")
    assert codes(client.get("/people?q=P-000").text) == sorted(vars(people).values())
    assert "Nobody is like that" in client.get("/people?q=P-9").text


def test_the_file_has_every_column_of_who_is_shown_or_ticked(client, people) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/people/list.csv?mark=trouble").text)))
    (row,) = rows
    assert row["person"] == people.dead
    assert row["wear_7_days"] == "0.25"
    assert (row["link"], row["tasks"], row["rest"]) == ("reconnect_needed", "1", "")
    assert len(row) >= len(COLUMNS)
    ticked = client.get(f"/people/list.csv?who={people.ill}&who={people.left}").text
    assert [each["person"] for each in csv.DictReader(io.StringIO(ticked))] == [
        people.ill,
        people.left,
    ]


def test_a_view_is_kept_by_name_for_its_account_alone(study, client, people) -> None:
    token = csrf(client)
    address = "/people/views?mark=trouble&sort=wear"
    assert client.post(address, data={"csrf_token": token, "name": " "}).status_code == 422
    answer = client.post(address, data={"csrf_token": token, "name": "Dead watches"})
    assert (answer.status_code, answer.location) == (303, "/people?mark=trouble&sort=wear")
    assert ">Dead watches</a>" in client.get("/people").text
    other = signed_in.client(create_app(study.database), study.database, "another")
    assert "Dead watches" not in other.get("/people").text
    with study.database.reading() as session:
        view = session.query(SavedView).one().id
    other.post(f"/people/views/{view}/forget", data={"csrf_token": csrf(other)})
    assert ">Dead watches</a>" in client.get("/people").text
    client.post(f"/people/views/{view}/forget", data={"csrf_token": token})
    assert "Dead watches" not in client.get("/people").text.split("</main>")[0].split("status")[-1]


def everybody_of(people: People) -> list[str]:
    return list(vars(people).values())


def test_who_rests_is_left_out_of_a_note_and_named_before_and_after(study, client, people) -> None:
    asked_for = "&".join(f"who={each}" for each in everybody_of(people))
    page = client.get(f"/people/bulk/relink?{asked_for}").text
    before, _, left_out = page.partition("Left out: 3")
    for code in (people.well, people.dead, people.plain):
        assert f"/people/{code}" in before
    for code, why in (
        (people.paused, "rests from the study"),
        (people.ill, "a bad day"),
        (people.left, "has withdrawn"),
    ):
        assert re.search(rf"{code}</a> <span class=\"quiet\">[^<]*{why}", left_out)
    with study.database.reading() as session:
        assert session.query(Message).count() == 0
    answer = client.post(
        "/people/bulk/relink", data={"csrf_token": csrf(client), "who": everybody_of(people)}
    )
    assert answer.status_code == 303
    done = client.get(answer.location).text
    assert "Done for 1 person" in done
    for code in (people.paused, people.ill, people.left, people.well, people.plain):
        assert f"/people/{code}" in done.partition("Left out: 5")[2]
    with study.database.reading() as session:
        assert [each.kind for each in session.query(Message)] == ["watch"]
        (item,) = working.open_items(session)
        assert item.is_asleep
    again = client.get(f"/people/bulk/relink?who={people.dead}").text
    assert "less than two days ago" in again


def test_what_an_account_did_is_its_own_to_see(study, client, people) -> None:
    answer = client.post(
        "/people/bulk/relink", data={"csrf_token": csrf(client), "who": [people.dead]}
    )
    other = signed_in.client(create_app(study.database), study.database, "another")
    assert client.get(answer.location).status_code == 200
    assert other.get(answer.location).status_code == 404


def test_all_of_a_narrowed_list_are_chosen_at_once_and_a_contact_is_logged_for_each(
    study, client, people
) -> None:
    page = client.get("/people/bulk/contact?all=1&mark=unlinked").text
    assert f'value="{people.plain}"' in page
    said = {"csrf_token": csrf(client), "who": [people.plain, people.well, people.ill], "way": "email",
            "outcome": "sent", "note": "told of the holidays"}  # fmt: skip
    answer = client.post("/people/bulk/contact", data=said)
    assert "Done for 2 people" in client.get(answer.location).text
    assert study.one("SELECT count(*) FROM contact WHERE note = 'told of the holidays'") == 2


@pytest.mark.parametrize(
    ("ask", "said"),
    [("", "nobody is chosen"), ("who=P-9999", "nobody called P-9999"),
     ("&".join(f"who=P-{n:04}" for n in range(101)), "100 at once")],
)  # fmt: skip
def test_nobody_too_many_and_strangers_are_refused(client, ask, said) -> None:
    answer = client.get(f"/people/bulk/remind?{ask}")
    assert answer.status_code == 409
    assert said in answer.text
    assert bulk.MOST == 100


def test_a_monitor_sees_the_list_and_writes_to_nobody(study, people) -> None:
    monitor = signed_in.client(
        create_app(study.database), study.database, "mona", ("monitor",), ("S-01",)
    )
    page = monitor.get("/people").text
    assert codes(page)
    assert "Remind gently" not in page
    assert monitor.get(f"/people/bulk/remind?who={people.well}").status_code == 403
    assert monitor.post("/people/bulk/contact", data={"who": people.well}).status_code in (400, 403)


def test_people_of_another_site_are_in_no_list_file_or_bulk(study, client, people) -> None:
    with study.database.transaction("test", "a site") as session:
        reaching.add_site(session, "S-02", name="Other")
    there = signed_in.client(
        create_app(study.database), study.database, "there", ("coordinator",), ("S-02",)
    )
    assert codes(there.get("/people").text) == []
    assert there.get("/people/list.csv").text.count("P-") == 0
    answer = there.get(f"/people/bulk/remind?who={people.well}")
    assert answer.status_code == 409
    assert f"nobody called {people.well}" in answer.text


def test_the_dose_of_the_list_is_the_dose_that_stands(study, at_clock) -> None:
    at_clock(datetime.fromisoformat("2026-03-02T07:00+00:00"))
    with study.database.transaction("test", "people") as session:
        who = dosed.eligible(session)
    person = dosed.Dosed(study, at_clock, who).at(0)
    person.start()
    person.at(3).do(ordering.take_away, dosed.why("a cold", dosed.DOCTOR), ordering.Kind.HOLD)
    for number, words in ((2, None), (3, "on hold")):
        day = dosed.day(number)
        with study.database.reading() as session:
            (now,) = dose_now.of_people(session, {who.id: day}).values()
            assert now.words == (words or "0.25 mg")
            assert storing.course_of(session, who).standing_on(day).mg == now.mg
    with study.database.reading() as session:
        (line,) = roster.everybody(session)
        assert line.dose is not None
        assert line.dose.words == "on hold"


def random_course(seed: int):
    """Return a course of orders that follow one another, with corrections and voids, made by chance."""
    chance, somebody = random.Random(seed), courses.Person()  # noqa: S311
    somebody.start()
    kinds = [Kind.STEP_UP, Kind.STEP_DOWN, Kind.HOLD, Kind.RESUME, Kind.STOP, Kind.RESTART]
    for at in range(2, 60, 4):
        told = [each.entry.id for each in somebody.course.events]
        try:
            if chance.random() < 0.15:
                somebody.void(chance.choice(told), at)
                continue
            kind, mg = chance.choice(kinds), chance.choice(("0.5", "1.0", "1.5"))
            corrects = chance.choice(told) if chance.random() < 0.2 else None
            amount = mg if gives(kind) else None
            somebody.order(kind, at + chance.randrange(12), amount, at=at, corrects=corrects)
        except TrialError:
            continue
    return somebody.course


def test_orders_are_followed_as_the_course_follows_them() -> None:
    lengths = set()
    for seed in range(150):
        course = random_course(seed)
        lengths.add(len(course.events))
        orders = [_ordered(each) for each in course.events]
        for day in (courses.day(number) for number in range(0, 80, 3)):
            now = dose_now.standing(orders, day)
            assert (now.mg if now else Decimal(0)) == course.standing_on(day).mg, (seed, day)
    assert max(lengths) > 5


def _ordered(event) -> dose_now.Ordered:
    entry = event.entry
    number = int(entry.id.removeprefix("e"))
    corrects = None if entry.corrects is None else int(entry.corrects.removeprefix("e"))
    if isinstance(event, Void):
        return dose_now.Ordered(number, None, None, None, "[]", corrects)
    amounts = [] if event.dose is None else [str(each.mg) for each in event.dose.parts]
    parts = json.dumps(amounts)
    return dose_now.Ordered(number, event.kind, event.effective_on, event.step, parts, corrects)
