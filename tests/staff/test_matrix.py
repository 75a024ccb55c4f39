"""Role by route by object: every cell is declared in `matrix.txt`, and asked (trust.md TM2, T-AZ-01).

A line of the matrix is a method, an address and the letters of the roles that may. Another site's people, and what
hangs on them, are not found under any id, tried in the path, the query, the form and the body.
"""

import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
import signed_in
from asked import in_trial
from filled import fill, identity
from sqlalchemy import text

from hometrial.db import Base
from hometrial.models.staffing import WITHOUT_SITE
from hometrial.services import enrolling, reaching
from hometrial.services.holding import tables
from hometrial.services.staffing import accounts, tokens
from hometrial.services.staffing.permissions import ACTIONS
from hometrial.staff import create_app, permitting

LETTERS = dict(zip("CMISNDA", ("coordinator", "data_manager", "investigator", "statistician", "monitor", "dsmb", "admin"), strict=True))  # fmt: skip
MATRIX = Path(__file__).with_name("matrix.txt")
SAFE, UNSAFE = ("GET",), ("POST", "PUT", "PATCH", "DELETE")
NOWHERE = uuid.UUID(int=0)
OF_NOBODY = {"when": "2026-03-02", "day": "2026-03-02", "filename": "staff.css"}
"""Parts of an address that are nobody's."""


def declared():
    """Return the lines of the matrix: (method, address) -> letters of roles, `-` where no session is asked for."""
    lines = {}
    for line in MATRIX.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            method, rest = line.split(maxsplit=1)
            address, letters = rest.rsplit(maxsplit=1)
            assert (method, address) not in lines, line
            lines[method, address] = letters
    return lines


DECLARED = declared()
GUARDED = sorted(cell for cell, letters in DECLARED.items() if letters != "-")


@pytest.fixture(scope="module")
def place(shared_study):
    """Two sites with one person each, who have a row in every table, and an app that asks for no form's token."""
    database = shared_study.database
    with database.transaction("ann", "two sites") as session:
        people = [in_trial(session), in_trial(session)]
        _here, there = (
            enrolling.default_site(session),
            reaching.add_site(session, "S-02", name="Far away"),
        )
        people[1].site_id = there.id
        made = {person.code: person.id for person in people}
    fill(database, made)
    app = create_app(database)
    app.config["WTF_CSRF_ENABLED"] = False
    return app, database, list(made.items())


ENDS_SESSIONS = ("/logout", "/account", "/system/users", "/confirm")


@pytest.fixture(scope="module")
def kept():
    """Browsers that are logged in, by role."""
    return {}


def _token(database, name):
    """Return a token of an account: the addresses of the read interface ask for one."""
    with database.transaction("test", "a token") as session:
        account = accounts.find(session, name)
        return tokens.issue(session, account.id, str(uuid.uuid4()), timedelta(days=1))


@pytest.fixture
def browsers(place, kept):
    """Give a browser of a role at the first site; a new one for what ends sessions."""
    app, database, _ = place

    def of(role, rule):
        again = rule.startswith(ENDS_SESSIONS)
        if again or role not in kept:
            name = f"a-{role.replace('_', '-')}{'-2' if again else ''}"
            made = signed_in.client(app, database, name, (role,), ("S-01",))
            made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {_token(database, name)}"
            if again:
                return made
            kept[role] = made
        return kept[role]

    return of


OF_A_TABLE = {
    "row": "quarantined_row", "signature": "consent_signature", "task": "work_item", "result": "laboratory_result",
}  # fmt: skip
OF_STAFF = {"passkey_id", "session_id", "token_id", "grant_id", "request_id", "view", "act"}
"""Things of the staff themselves, which tests of their own pages try."""


def of_person(argument, code):
    """Return what an argument of an address is for a person: their code, or the id of their row in a table."""
    if argument == "code":
        return code
    if argument in OF_NOBODY:
        return OF_NOBODY[argument]
    if argument in OF_STAFF:
        return None
    known = {name.rpartition(".")[2]: name for name in tables.hanging()} | OF_A_TABLE
    table = argument.removesuffix("_id")
    return identity(known[table], code) if table in known else None


def address_of(rule, code):
    """Return an address with a person's ids in it."""
    made = rule
    for kind, argument in re.findall(r"<(?:([a-z]+)(?:\([^)]*\))?:)?(\w+)>", rule):
        value = of_person(argument, code)
        if value is None:
            value = {"int": 1, "uuid": NOWHERE, "day": "2026-03-02"}.get(kind, "x")
        if kind == "any":
            value = re.search(rf"any\(([^,)]+)[^>]*:{argument}>", rule)[1]
        made = re.sub(rf"<(?:[a-z]+(?:\([^)]*\))?:)?{argument}>", str(value), made, count=1)
    return made


def about_somebody(rule):
    """Say whether an address leads to one person or to what is theirs."""
    return any(of_person(argument, "P-0001") not in (None, *OF_NOBODY.values()) for argument in re.findall(r"(\w+)>", rule))  # fmt: skip


def test_the_matrix_declares_every_address_and_no_other(place):
    app, _, _ = place
    there = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods & {*SAFE, *UNSAFE}
    }
    assert there - set(DECLARED) == set(), "addresses that the matrix does not declare"
    assert set(DECLARED) - there == set(), "lines of the matrix without an address"


def test_the_matrix_and_the_table_of_permissions_tell_the_same(place):
    app, _, _ = place
    said = {}
    for rule in app.url_map.iter_rules():
        permit = permitting.permit_of(app, rule.endpoint)
        roles = "-" if permit is None else {*ACTIONS[permit.action].roles}
        said |= {(method, rule.rule): roles for method in rule.methods & {*SAFE, *UNSAFE}}
    told = {
        cell: "-" if letters == "-" else {LETTERS[letter] for letter in letters}
        for cell, letters in DECLARED.items()
    }
    assert {cell for cell in told if told[cell] != said[cell]} == set()


READ_BY_FORM = {
    "/people/views",
    "/people/views/<uuid:view>/forget",
    "/people/<code>/identity",  # a name is shown by a press alone, which is logged
}
"""Forms that change nothing of the trial."""


def test_what_changes_something_is_an_action_that_writes(place):
    app, _, _ = place
    wrong = set()
    for rule in app.url_map.iter_rules():
        permit = permitting.permit_of(app, rule.endpoint)
        unsafe = rule.methods & {*UNSAFE}
        if unsafe and permit and not ACTIONS[permit.action].writes:
            wrong.add(rule.rule)
    assert wrong == READ_BY_FORM


@pytest.mark.parametrize(("method", "rule"), GUARDED)
def test_each_role_meets_what_the_matrix_says(place, browsers, method, rule):
    app, _, ((mine, _), (theirs, _)) = place
    letters = DECLARED[method, rule]
    assert app.test_client().open(address_of(rule, mine), method=method).status_code == 401
    for letter, role in LETTERS.items():
        answer = browsers(role, rule).open(address_of(rule, mine), method=method)
        if letter not in letters and rule == "/":
            continue  # is led to an area of theirs: test_first_page.py
        if letter not in letters:
            assert answer.status_code == 403, (role, answer.status_code)
            continue
        assert answer.status_code != 403, role
        if about_somebody(rule) and role not in WITHOUT_SITE:
            other = browsers(role, rule).open(address_of(rule, theirs), method=method)
            nobody = browsers(role, rule).open(address_of(rule, "P-9999"), method=method)
            # Who is elsewhere is as if they were not there; a fresh proof is asked for before anything is looked for.
            assert other.status_code == nobody.status_code, (role, other, nobody)
            assert other.status_code >= 400 or "/confirm" in (other.location or "")
            assert f"{theirs}~" not in other.text


@pytest.fixture(scope="module")
def elsewhere(place):
    """The rows of the other site's person, as one digest."""
    _, database, (_, (theirs, person)) = place

    def digest():
        with database.engine.connect() as connection:
            return {
                name: connection.execute(
                    text(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t"  # noqa: S608
                         " WHERE t::text LIKE :code OR t::text LIKE :id"),
                    {"code": f"%{theirs}~%", "id": f"%{person}%"},
                ).scalar_one()
                for name in Base.metadata.tables
                if not name.startswith("access.")
            }  # fmt: skip

    return digest


def ids_of(code, person):
    """Return the ids of a person under every name that a form or a query could know them by."""
    named = {name.rpartition(".")[2]: str(identity(name, code)) for name in tables.hanging()}
    return {
        "code": code, "codes": code, "person": code, "participant": code, "people": code, "q": code, "id": str(person),
        "participant_id": str(person), "site": "S-02", "site_id": "S-02", "status": "withdrawn", "role": "admin",
        **{f"{name}_id": value for name, value in named.items()}, **named,
    }  # fmt: skip


def test_another_sites_ids_in_query_form_and_body_show_and_change_nothing(
    place, browsers, elsewhere
):
    _, _, ((mine, _), (theirs, person)) = place
    # Rows that no rule made may break a page of this study; what another site has must not be on it even then.
    before, foreign = elsewhere(), ids_of(theirs, person)
    leaked = []
    for method, rule in GUARDED:
        for letter in DECLARED[method, rule][:1]:
            browser, address = browsers(LETTERS[letter], rule), address_of(rule, mine)
            if rule.startswith(ENDS_SESSIONS):
                continue  # of the browser itself
            answers = [browser.open(address, method=method, query_string=foreign)]
            if method in UNSAFE:
                answers += [
                    browser.open(address, method=method, data={**foreign, "reason": "because"}),
                    browser.open(address, method=method, json=foreign),
                ]
            if any(f"{theirs}~" in answer.text for answer in answers):
                leaked.append((method, rule, letter))
    assert leaked == []
    assert elsewhere() == before
