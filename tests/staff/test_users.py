"""Accounts and roles on the site: two persons for every role, nobody for themselves, and all of it on record."""

import re
from datetime import timedelta

import linked
import pytest
import signed_in
from sqlalchemy import event, text
from staff_door import Door

from hometrial import clock
from hometrial.db import WORKER_ROLE
from hometrial.models import AccessRecord, StaffGrant
from hometrial.services import enrolling, reaching
from hometrial.services.staffing import access, accounts, granting
from hometrial.services.staffing.access import Looked
from hometrial.services.syncing import vault
from hometrial.staff import create_app
from hometrial_ingest.provider import Grant


@pytest.fixture
def admins(app, database):
    """Two admins, each in a browser of their own."""
    return tuple(signed_in.client(app, database, name, ("admin",)) for name in ("ann", "ben"))


@pytest.fixture
def now(monkeypatch):
    """Let time go on: now(minutes=3)."""
    hand = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: hand[0])

    def advance(**step):
        hand[0] += timedelta(**step)
        return hand[0]

    return advance


def post(client, path, page=None, **data):
    shown = client.get(page or path).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown)[1]
    return client.post(path, data={"csrf_token": token, **data})


def add(client, name):
    made = post(client, "/system/users/new", name=name, full_name=f"{name.title()} Example")
    assert made.status_code == 303
    return f"/system/users/account/{name}"


def ask(client, page, role, site="S-01", **more):
    return post(client, f"{page}/roles", page, role=role, site=site, reason="a test", **more)


def grant_of(database, name):
    with database.reading() as session:
        return session.scalars(
            text("SELECT g.id FROM staff_grant g JOIN staff_account a ON a.id = g.account_id WHERE a.name = :name ORDER BY requested_at DESC").bindparams(name=name)
        ).first()  # fmt: skip


def rows(database, query, **values):
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def test_one_admin_asks_and_another_approves(app, database, admins):
    ann, ben = admins
    page = add(ann, "cleo")
    assert "this account may do nothing" in ann.get(page).text
    assert ask(ann, page, "coordinator").status_code == 303
    decision = f"/system/users/roles/{grant_of(database, 'cleo')}"
    assert "coordinator at S-01" in ben.get("/system/users").text
    assert f'href="{decision}"' in ben.get("/system/users").text
    assert f'href="{decision}"' not in ann.get("/system/users").text
    own = post(ann, f"{decision}/approve", decision)
    assert own.status_code == 422
    assert "staff:ann asked for it" in own.text
    done = post(ben, f"{decision}/approve", decision)
    assert done.status_code == 303
    cleo = Door(app, database)
    with database.reading() as session:
        assert granting.find(session, accounts.find(session, "cleo"), "coordinator", enrolling.find_site(session, "S-01")).decided_by == "staff:ben"  # fmt: skip
    assert cleo.get("/people").status_code == 401
    trail = rows(
        database,
        "SELECT operation, actor, reason FROM audit.entry WHERE table_name = 'public.staff_grant' AND row_key = :key ORDER BY id",
        key=str(grant_of(database, "cleo")),
    )
    assert trail == [
        ("INSERT", "staff:ann", "ask for a role: a test"),
        ("UPDATE", "staff:ben", "approve coordinator at S-01 of cleo"),
    ]


def test_nobody_makes_themselves_anything(database, admins):
    ann, ben = admins
    assert ask(ann, "/system/users/account/ann", "investigator").status_code == 303
    own = f"/system/users/roles/{grant_of(database, 'ann')}"
    assert post(ann, f"{own}/approve", own).status_code == 422
    assert ask(ben, "/system/users/account/ann", "data_manager").status_code == 303
    other = f"/system/users/roles/{grant_of(database, 'ann')}"
    refused = post(ann, f"{other}/approve", other)
    assert refused.status_code == 422
    assert "their own role" in refused.text
    held = "SELECT count(*) FROM staff_grant g JOIN staff_account a ON a.id = g.account_id WHERE a.name = 'ann' AND g.role IN ('investigator', 'data_manager') AND g.approved"
    assert rows(database, held) == [(0,)]
    for each in (own, other):
        assert post(ben if each == own else ann, f"{each}/decline", each).status_code in (303, 422)


def test_fields_that_no_form_has_change_nothing(database, admins):
    page = add(admins[0], "dora")
    smuggled = {
        "approved": "true", "decided_by": "staff:ben", "decided_at": "2026-01-01", "id": "1",
        "account_id": "1", "requested_by": "staff:ben", "site_id": "", "ended_at": "",
    }  # fmt: skip
    assert ask(admins[0], page, "monitor", **smuggled).status_code == 303
    with database.reading() as session:
        grant = session.get_one(StaffGrant, grant_of(database, "dora"))
    assert (grant.requested_by, grant.decided_by, grant.approved) == ("staff:ann", None, None)
    made = post(admins[0], "/system/users/new", name="erik", full_name="Erik", disabled_at="2026-01-01", id="1")  # fmt: skip
    assert made.status_code == 303
    assert "Disabled" not in admins[0].get("/system/users/account/erik").text


@pytest.mark.parametrize(
    ("role", "site", "told"),
    [
        ("coordinator", "", "held at a site that is named"),
        ("admin", "S-01", "serves the whole study"),
        ("owner", "S-01", "is none; there are"),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(admins, database, role, site, told):
    if not rows(database, "SELECT 1 FROM staff_account WHERE name = 'fred'"):
        add(admins[0], "fred")
    refused = ask(admins[0], "/system/users/account/fred", role, site)
    assert refused.status_code == 422
    assert told in refused.text
    assert 'aria-invalid="true"' in refused.text
    assert "a test" in refused.text  # what was typed stays


def test_a_name_is_somebodys_for_good(admins):
    for name, told in (("ann", "somebody&#39;s already"), ("A B", "no name to log in with")):
        refused = post(admins[0], "/system/users/new", name=name, full_name="X")
        assert refused.status_code == 422
        assert told in refused.text


def test_a_session_ends_with_the_role_and_with_the_account(app, database, admins):
    gina = signed_in.client(app, database, "gina", ("coordinator",), ("S-01",))
    assert gina.get("/people").status_code == 200
    end = f"/system/users/roles/{grant_of(database, 'gina')}/end"
    empty = post(admins[0], end, reason=" ")
    assert empty.status_code == 422
    assert gina.get("/people").status_code == 200
    assert post(admins[0], end, reason="other work").status_code == 303
    assert gina.get("/people").status_code == 401
    gina = signed_in.client(app, database, "gina", ("monitor",), ("S-01",))
    assert gina.get("/people").status_code == 200
    page = "/system/users/account/gina"
    assert post(admins[0], f"{page}/disable", reason="left the study").status_code == 303
    assert gina.get("/people").status_code == 401
    shown = admins[0].get(page).text
    assert "left the study" in shown
    assert "Ask for a role" not in shown


def test_a_link_is_shown_once_and_opens_the_set_up(app, database, admins):
    page = add(admins[0], "hugo")
    made = post(admins[0], f"{page}/link", minutes="30")
    found = re.search(r'id="link">http://localhost:8400(/setup/[\w-]+)<', made.text)
    assert found
    assert found[1] not in admins[0].get(f"{page}/link").text
    assert "Welcome, Hugo Example" in Door(app, database).get(found[1]).text
    short = post(admins[0], f"{page}/link", minutes="5")
    assert short.status_code == 422


@pytest.mark.parametrize("role", ["coordinator", "data_manager", "investigator", "statistician", "dsmb"])  # fmt: skip
def test_who_keeps_no_accounts_sees_none(app, database, admins, role):
    client = signed_in.client(app, database, f"only-{role.replace('_', '-')}", (role,), ("S-01",))
    for page in ("/system/users", "/system/users/on", "/system/users/account/ann", "/system/keys"):
        answer = client.get(page)
        assert answer.status_code == 403, page
        assert "Ann" not in answer.text


def test_a_monitor_reads_accounts_and_changes_none(app, database, admins):
    monitor = signed_in.client(app, database, "mo", ("monitor",), ("S-01",))
    shown = monitor.get("/system/users").text
    assert "Ann" in shown
    assert "New account" not in shown
    for page in ("/system/users/new", "/system/users/account/ann/disable", "/system/keys/new"):
        assert monitor.get(page).status_code == 403


def test_decisions_about_accounts_ask_for_a_fresh_proof(admins, database, now):
    page = add(admins[0], "ivo")
    now(minutes=6)
    for path in ("/system/users/new", f"{page}/disable", f"{page}/link", "/system/keys/new"):
        answer = admins[0].get(path)
        assert (answer.status_code, answer.location) == (303, f"/confirm?next={path}")
    assert ask(admins[0], page, "monitor").location == page  # to ask decides nothing


def test_the_page_of_a_day_tells_what_was_held_on_it(app, database, admins, now):
    signed_in.client(app, database, "jule", ("statistician",), ("S-01",))
    today = now().date()
    assert "statistician at S-01" in admins[0].get("/system/users/on").text
    before = admins[0].get(f"/system/users/on?day={today - timedelta(days=400)}").text
    assert "Nobody could do anything" in before
    assert admins[0].get("/system/users/on?day=yesterday").status_code == 400
    table = admins[0].get("/system/users/roles").text
    assert "order, hold, reduce and stop the drug" in table


def test_the_access_log_is_narrowed_and_paged(app, database, admins, now):
    with database.transaction("test") as session:
        for number in range(120):
            access.note(session, Looked("staff:kay", "exported", f"file {number}", "export.take"))
        access.note(session, Looked("staff:kay", "viewed", "GET /people/P-0001", "people.see", "P-0001"))  # fmt: skip
    ann = admins[0]
    whole = ann.get("/monitoring/access?who=kay").text
    assert "121 lines" in whole
    assert "file 119" in whole
    assert "file 1<" not in whole
    assert "file 1<" in ann.get("/monitoring/access?who=kay&start=100").text
    only = ann.get("/monitoring/access?who=staff:kay&kind=viewed&person=p-0001").text
    assert "1 line," in only
    assert "exported<" not in only.split("<tbody>")[1]
    assert "Nothing of that kind" in ann.get("/monitoring/access?who=nobody-here").text
    assert ann.get("/monitoring/access?kind=stolen").status_code == 400
    day = now().date() - timedelta(days=30)
    assert "Nothing of that kind" in ann.get(f"/monitoring/access?from={day}&to={day}").text


def test_a_monitor_of_one_site_sees_no_line_about_people_of_another(app, database, admins):
    with database.transaction("test") as session:
        if session.query(AccessRecord).filter_by(subject="P-0901").first() is None:
            site = reaching.add_site(session, "S-09", name="Elsewhere")
            enrolling.add_participant(session, code="P-0901", site=site)
        for code in ("P-0901", "P-0001"):
            access.note(session, Looked("staff:lou", "viewed", f"GET /people/{code}", "people.see", code))  # fmt: skip
    shown = signed_in.client(app, database, "mo", ("monitor",), ("S-01",)).get("/monitoring/access?who=lou").text  # fmt: skip
    assert "P-0001" in shown
    assert "P-0901" not in shown
    assert "P-0901" in admins[0].get("/monitoring/access?who=lou").text


@pytest.fixture
def with_watches(study):
    """A study with linked watches, whose tokens are sealed as they should be."""
    database = study.database
    with database.transaction("test", role=WORKER_ROLE) as session:
        session.execute(text("SET LOCAL ROLE hometrial_study"))
        linked.sample_study(session)
        session.execute(text("SET LOCAL ROLE hometrial_worker"))
        for each in session.scalars(text("SELECT account_id FROM vault.token")).all():
            grant = Grant("access", 600, frozenset(), "refresh")
            vault.keep(session, vault.keys(database.settings), each, grant)
    return database


def test_a_new_key_seals_what_there_is_and_older_ones_go_when_told(with_watches):
    database = with_watches
    ann = signed_in.client(create_app(database), database, "ann", ("admin",))
    before = vault.keys(database.settings)
    assert "newest: it seals" in ann.get("/system/keys").text
    assert "never shown" in ann.get("/system/keys").text
    assert post(ann, "/system/keys/new").status_code == 303
    after = vault.keys(database.settings)
    assert after[1:] == before
    assert after[0] not in before
    shown = ann.get("/system/keys").text
    assert "older: it still opens" in shown
    assert not any(key.hex() in shown for key in after)
    assert post(ann, "/system/keys/forget").status_code == 303
    assert vault.keys(database.settings) == after[:1]
    with database.transaction("test", role=WORKER_ROLE) as session:
        assert vault.rotate(session, after[:1]) > 0  # all of it opens with the newest alone


def test_no_page_asks_more_when_there_is_more(app, database, admins):
    def queries(path):
        counted = []
        listen = lambda *given: counted.append(given[2])  # noqa: E731
        event.listen(database.engine, "before_cursor_execute", listen)
        assert admins[0].get(path).status_code == 200
        event.remove(database.engine, "before_cursor_execute", listen)
        return len(counted)

    paths = ("/system/users", "/system/users/on", "/monitoring/access", "/system/users/account/ann")
    before = {path: queries(path) for path in paths}
    with database.transaction("test") as session:
        for number in range(15):
            signed_in.account(session, f"more{number}", ("coordinator", "monitor"), ("S-01",))
    assert {path: queries(path) for path in paths} == before
