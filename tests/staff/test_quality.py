"""Quality in numbers, queries by role, rules and a limit's way to a new version, batches of several sites."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from uuid import UUID

import homes
import pytest
import signed_in
from flask import Flask
from flask.testing import FlaskClient
from linked import counted
from sqlalchemy import select, text

from hometrial.db import Database
from hometrial.models import Participant, Query, RuleRehearsal, RuleVersion, Site
from hometrial.services import enrolling, importing, migrating
from hometrial.settings import Settings
from hometrial.staff import create_app
from hometrial.tasks import ruling
from hometrial.tasks.engine import House

LINES = ("1,4/12/2016 7:21:00 AM,60", "1,4/12/2016 7:22:00 AM,210", "1,4/12/2016 7:23:00 AM,400",
         "2,4/12/2016 7:21:00 AM,61", "2,4/12/2016 7:22:00 AM,999")  # fmt: skip


@pytest.fixture(scope="module")
def two_sites(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One file of two people, P-0001 at S-01 and P-0002 at S-02; each has a row in quarantine."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "heartrate_seconds_merged.csv").write_text(
        "\n".join(["Id,Time,Value", *LINES]) + "\n"
    )
    database = Database(Settings(home=homes.beside(home, "two-sites"), actor="tests"))
    migrating.require_newest(database)
    with database.transaction("tests", "two sites") as session:
        options = importing.ImportOptions(create_participants=True, zone="Europe/Berlin")
        importing.import_archive(session, "fitabase", folder, options)
        other = Site(code="S-02", name="Elsewhere")
        session.add(other)
        session.flush()
        person = enrolling.find_participant(session, "P-0002")
        person.site_id = other.id
    yield database
    database.close()


@cache
def site_of(database: Database) -> Flask:
    return create_app(database)


def client(database: Database, role: str, site: str = "S-01", name: str = "") -> FlaskClient:
    app = site_of(database)
    who = name or f"{role}-{site}".replace("_", "-").lower()
    return signed_in.client(app, database, who, (role,), (site,))


def send(browser: FlaskClient, page: str, action: str, **fields: object) -> tuple[int, str, str]:
    """Send the form of a page whose action ends like this; gives status, text and where it led."""
    found = browser.get(page).text
    token = re.search(
        rf'action="[^"]*{re.escape(action)}".*?name="csrf_token"[^>]*value="([^"]+)"',
        found,
        re.DOTALL,
    )
    assert token, (action, found)
    where = re.search(rf'action="([^"]*{re.escape(action)})"', found)
    assert where
    answer = browser.post(where[1], data={"csrf_token": token[1], **fields})
    return answer.status_code, answer.text, answer.headers.get("Location", "")


def opened(database: Database, person: str, place: str) -> str:
    status, text_, where = send(
        client(database, "data_manager"), f"/queries/new?person={person}", "/queries/new",
        person=person, kind="dose", place=place, question="Which dose was it?", assignee="role:coordinator",
    )  # fmt: skip
    assert status == 303, text_
    return where


def test_the_landing_tells_what_waits_and_leads_there(two_sites: Database) -> None:
    page = client(two_sites, "data_manager").get("/quality").text
    assert re.search(r'class="value">[12] <small>rows wait', page)
    assert re.search(r"value is physical</a>: [12]<", page)
    assert 'href="/queries?status=open"' in page
    for address in re.findall(
        r'href="(/(?:queries|quarantine|batches|rules|quality|sync)[^"]*)"', page
    ):
        assert (
            client(two_sites, "data_manager").get(address.replace("&amp;", "&")).status_code == 200
        )


def test_a_query_is_opened_answered_and_closed_by_those_whose_it_is(two_sites: Database) -> None:
    where = opened(two_sites, "P-0001", "2026-03-01")
    manager, coordinator = client(two_sites, "data_manager"), client(two_sites, "coordinator")
    assert f'action="{where}/answer"' not in manager.get(where).text
    assert f'action="{where}/close"' not in coordinator.get(where).text
    assert send(coordinator, where, "/answer", reason="1.5 mg, by the box")[0] == 303
    assert "1.5 mg, by the box" in manager.get(where).text
    assert (
        send(manager, where, "/assign", assignee="role:investigator", reason="she ordered it")[0]
        == 303
    )
    assert send(manager, where, "/close", reason="settled")[0] == 303
    page = manager.get(where).text
    steps = re.findall(r"<li><b>(\w+)</b> by ([\w-]+)", page)
    assert [kind for kind, _ in steps] == ["opened", "answered", "assigned", "closed"]
    assert steps[1][1] == "coordinator-s-01"
    assert "settled" in page


def test_a_role_without_the_action_is_refused_by_the_server_too(two_sites: Database) -> None:
    where = opened(two_sites, "P-0001", "2026-03-02")
    coordinator, manager = client(two_sites, "coordinator"), client(two_sites, "data_manager")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', coordinator.get(where).text)
    assert token
    refused = coordinator.post(f"{where}/close", data={"csrf_token": token[1], "reason": "mine"})
    assert refused.status_code == 403
    assert "data manager" in refused.text
    own = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', manager.get(where).text)
    assert own
    answered = manager.post(f"{where}/answer", data={"csrf_token": own[1], "reason": "mine"})
    assert answered.status_code == 403


def test_a_monitor_closes_what_they_opened_and_nothing_else(two_sites: Database) -> None:
    monitor = client(two_sites, "monitor")
    status, _, where = send(
        monitor, "/queries/new", "/queries/new", person="P-0001", kind="visit", place="V1",
        question="Was it held?", assignee="role:coordinator",
    )  # fmt: skip
    assert status == 303
    assert send(monitor, where, "/close", reason="seen in the source")[0] == 303
    another = opened(two_sites, "P-0001", "2026-03-03")
    page = monitor.get(another).text
    assert f'action="{another}/close"' not in page
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    refused = monitor.post(f"{another}/close", data={"csrf_token": token[1], "reason": "mine"})
    assert refused.status_code == 422
    assert "opened this query" in refused.text


def test_a_refused_query_keeps_what_was_typed_and_says_why(two_sites: Database) -> None:
    opened(two_sites, "P-0001", "2026-03-04")
    manager = client(two_sites, "data_manager")
    status, page, _ = send(
        manager, "/queries/new", "/queries/new", person="P-0001", kind="dose", place="2026-03-04",
        question="Which dose?", assignee="role:coordinator",
    )  # fmt: skip
    assert status == 422
    assert "being asked about since" in page
    assert "Which dose?" in page


def test_the_list_is_filtered_and_nobody_of_another_site_is_in_it(two_sites: Database) -> None:
    here, there = client(two_sites, "data_manager"), client(two_sites, "data_manager", "S-02")
    assert "P-0001" in here.get("/queries?rule=value_is_physical").text
    assert "P-0002" not in here.get("/queries?status=all").text
    assert "P-0002" in there.get("/queries").text
    with two_sites.reading() as session:
        of_other = session.scalar(
            select(Query.id)
            .join(Participant, Participant.id == Query.participant_id)
            .where(Participant.code == "P-0002")
        )
    assert here.get(f"/queries/{of_other}").status_code == 404
    assert there.get(f"/queries/{of_other}").status_code == 200
    assert here.get("/queries?status=new").status_code == 400


def test_the_list_asks_as_many_questions_of_many_queries_as_of_few(two_sites: Database) -> None:
    manager, counts = client(two_sites, "data_manager"), []
    for place in ("c-1", "c-2 c-3"):
        with counted(two_sites) as asked:
            assert manager.get("/queries?status=all").status_code == 200
        counts.append(len(asked))
        for each in place.split():
            opened(two_sites, "P-0001", each)
    assert counts[0] == counts[1]


def test_a_batch_of_two_sites_shows_of_others_counts_only(two_sites: Database) -> None:
    here = client(two_sites, "data_manager")
    with two_sites.reading() as session:
        batch = session.execute(text("SELECT id FROM batch")).scalar_one()
        verdict = session.execute(text("SELECT id FROM verdict")).scalar_one()
    page = here.get(f"/batches/{batch}").text
    assert "1 of its 2 people are of other sites" in page
    assert "P-0002" not in page
    assert "999" not in page
    assert "value is physical: 2 rows" in page
    assert here.get(f"/verdicts/{verdict}/report").status_code == 404
    app = site_of(two_sites)
    everywhere = signed_in.client(app, two_sites, "everywhere", ("monitor",), ("S-01", "S-02"))
    assert everywhere.get(f"/verdicts/{verdict}/report").status_code == 200
    assert "999" in everywhere.get(f"/batches/{batch}").text


def test_every_rule_is_listed_with_version_limits_and_failures(two_sites: Database) -> None:
    page = client(two_sites, "monitor").get("/rules").text
    assert "Heart rate, version 2" in page
    row = re.search(r"Heart rate, version 2.*?value is physical</th>(.*?)</tr>", page, re.DOTALL)
    assert row
    assert re.search(r"Greatest value of heart rate(</a>)?: (250|200) per min", row[1])
    assert row[1].endswith('<td class="n">2</td>')
    assert "/rules/draft" not in page


def test_a_limit_goes_from_draft_to_version_by_two_people(two_sites: Database) -> None:
    first, second = (
        client(two_sites, "data_manager"),
        client(two_sites, "data_manager", "S-01", "mike"),
    )
    fields = {"limit": "bound.heart_rate.high", "value": "200", "reason": "no such heart"}
    status, _, where = send(
        first, "/rules/draft?limit=bound.heart_rate.high", "/rules/draft", **fields
    )
    assert status == 303
    assert "is waiting" in first.get(where).text
    run(two_sites)
    page = first.get(where).text
    assert re.search(r"would be set aside</dt><dd>1<", page)
    assert "heart rate 210 /min is outside 25-200" in page
    assert "somebody else publishes it" in page
    assert send(second, f"{where}/publish", "/publish", reason="read")[0] == 303
    run(two_sites)
    done = second.get(where).text
    assert re.search(r"were set aside</dt><dd>1<", done)
    assert "as version 1 by mike" in done
    assert "Version 1 of the limits holds" in first.get("/rules").text
    with two_sites.reading() as session:
        assert session.scalars(select(RuleVersion)).one().limits == {"bound.heart_rate.high": 200}


def run(database: Database) -> None:
    with database.reading() as session:
        waiting: list[UUID] = list(
            session.scalars(select(RuleRehearsal.id).where(RuleRehearsal.state == "waiting"))
        )
    for each in waiting:
        ruling.try_rule_now(House(database, {}), each)


def test_signals_are_shown_and_asked_about_at_once(two_sites: Database) -> None:
    manager = client(two_sites, "data_manager")
    page = manager.get("/quality/signals").text
    assert "Steps are plausible" in page
    assert "Form is no copy" in page
