"""The read interface: by token alone, under the same rules as the pages, page by page, in streams, and what has changed."""

import io
import json
import re
import sys
from datetime import timedelta

import pandas as pd
import pyarrow.parquet as pq
import pytest
import signed_in
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from sqlalchemy import select

from hometrial import clock
from hometrial.db import Database
from hometrial.exports.tidy.tables import TIDY
from hometrial.models import AccessRecord, StaffAccount
from hometrial.services import enrolling, reaching
from hometrial.services.staffing import tokens
from hometrial.staff import create_app
from hometrial.staff.api import shapes
from hometrial.staff.api.describing import document

DAYS = range(1, 11)
BEATS = "Id,Time,Value\n" + "".join(
    f"{who},4/{day}/2016 7:{n:02}:05 AM,{60 + n}\n"
    for who in (1, 2, 3)
    for day in DAYS
    for n in range(30)
)
ASLEEP = "Id,date,value,logId\n" + "".join(
    f"1,4/2/2016 2:{n:02}:30 AM,{1 + n // 10 % 3},11380564589\n" for n in range(40)
)


class Program:
    """A program with a token."""

    def __init__(self, app, token):
        self.client, self.token = app.test_client(), token

    def get(self, path, headers=None, **query):
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.get(
            path if path.startswith("/api") else f"/api/v1{path}", query_string=query or None, headers=own | (headers or {})
        )  # fmt: skip

    def post(self, path):
        return self.client.post(f"/api/v1{path}", headers={"Authorization": f"Bearer {self.token}"})

    def pages(self, path, **query):
        answer = self.get(path, **query)
        while True:
            assert answer.status_code == 200, answer.text
            yield answer.json
            if answer.json["next"] is None:
                return
            answer = self.get(answer.json["next"])

    def rows(self, path, **query):
        return [row for page in self.pages(path, **query) for row in page["data"]]


@pytest.fixture(scope="module")
def place(shared_study, tmp_path_factory):
    """Three people, the last at a second site, and the staff site as it is served: with forms' tokens."""
    folder = tmp_path_factory.mktemp("fitabase")
    (folder / "heartrate_seconds_merged.csv").write_text(BEATS)
    (folder / "minuteSleep_merged.csv").write_text(ASLEEP)
    shared_study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    with shared_study.database.transaction("test", "a second site") as session:
        there = reaching.add_site(session, "S-02", name="Far away")
        enrolling.find_participant(session, "P-0003").site_id = there.id
    return create_app(shared_study.database)


@pytest.fixture(scope="module")
def token(shared_study, place):
    """Make tokens: of somebody with roles at sites."""

    def issue(name="sam", roles=("statistician",), sites=("S-01", "S-02"), called="laptop"):
        with shared_study.database.transaction("test", "a token") as session:
            account = signed_in.account(session, name, roles, sites)
            return tokens.issue(session, account.id, f"{called} {clock.now()}", timedelta(days=9))

    return issue


@pytest.fixture(scope="module")
def sam(place, token):
    """A statistician's program, who sees everybody."""
    return Program(place, token())


def problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    told = json.loads(answer.data)
    assert told["status"] == status
    return told


def test_without_a_token_or_with_one_that_opens_nothing_nothing_is_told(place, shared_study, token):
    for bad in ("", "hometrial_unknown", "x" * 3000):
        answer = Program(place, bad).get("/tables/participant_day")
        told = problem(answer, 401)
        assert told["field"] == "Authorization"
        assert "Account" in told["way_out"]
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    gone = token("gone")
    with shared_study.database.transaction("test", "no more") as session:
        account = session.scalars(select(StaffAccount).where(StaffAccount.name == "gone")).one()
        tokens.revoke_all(session, account.id)
    assert problem(Program(place, gone).get("/study"), 401)


def test_a_token_that_is_over_opens_nothing(place, token, at_clock):
    was = clock.now()
    late = token("late")
    at_clock(was + timedelta(days=10))
    problem(Program(place, late).get("/study"), 401)


def test_a_session_of_the_pages_opens_nothing_here(place, shared_study):
    browser = signed_in.client(place, shared_study.database, "browsing", ("statistician",))
    assert browser.get("/exports").status_code == 200
    assert browser.get("/api/v1/study").status_code == 401


def test_who_has_no_role_for_it_is_told_whose_it_is(place, token, shared_study):
    told = problem(Program(place, token("cora", ("coordinator",), ("S-01",))).get("/tables"), 403)
    assert "data manager, statistician" in told["detail"]
    with shared_study.database.reading() as session:
        last = session.scalars(select(AccessRecord).order_by(AccessRecord.id.desc()).limit(1)).one()
    assert (last.who, last.kind) == ("staff:cora", "refused")


def test_pages_put_together_are_the_table_in_its_order(sam):
    rows = sam.rows("/tables/participant_day", limit=7)
    assert [(row["participant_id"], row["local_day"]) for row in rows] == [
        (f"P-000{who}", f"2016-04-{day:02}") for who in (1, 2, 3) for day in DAYS
    ]
    first = sam.get("/tables/participant_day", limit=7)
    assert (first.json["rows"], len(first.json["data"])) == (30, 7)
    assert first.headers["Hometrial-Rows"] == "30"


def test_pages_go_on_in_their_snapshot_whatever_is_stored_meanwhile(sam, shared_study):
    pages = sam.pages("/tables/participant", limit=1)
    first = next(pages)
    with shared_study.database.transaction("ann", "meanwhile") as session:
        enrolling.find_participant(session, "P-0002").status = "withdrawn"
    second = next(pages)
    assert (second["data"][0]["participant_id"], second["data"][0]["status"]) == (
        "P-0002",
        "enrolled",
    )
    assert {page["version"] for page in pages} == {first["version"]}
    (now,) = sam.rows("/tables/participant", participant="P-0002")
    assert now["status"] == "withdrawn"


def test_a_cursor_holds_for_the_same_question_alone(sam):
    after = sam.get("/tables/participant_day", limit=7).json["next"]
    told = problem(sam.get(f"{after}&participant=P-0001"), 400)
    assert told["field"] == "cursor"
    assert "as they were" in told["way_out"]
    problem(sam.get("/tables/participant_day", cursor="nonsense"), 400)


def test_a_sites_token_sees_its_own_people_and_no_cursor_of_others_opens_more(place, token, sam):
    near = Program(place, token("nora", ("data_manager",), ("S-01",)))
    assert {row["participant_id"] for row in near.rows("/tables/participant_day")} == {"P-0001", "P-0002"}  # fmt: skip
    problem(near.get("/participants/P-0003"), 404)
    assert near.get("/participants/P-0001").json["participant_id"] == "P-0001"
    problem(near.get("/samples/heart_rate", participant="P-0003"), 400)
    after = sam.get("/tables/participant_day", limit=7).json["next"]
    problem(near.get(after), 410)


@pytest.mark.parametrize("name", TIDY)
def test_each_table_comes_alike_in_every_format(sam, name):
    rows = sam.rows(f"/tables/{name}")
    lines = sam.get(f"/tables/{name}", format="ndjson")
    assert [json.loads(line) for line in lines.text.splitlines()] == rows
    file = pq.read_table(io.BytesIO(sam.get(f"/tables/{name}", format="parquet").data))
    assert (file.num_rows, file.column_names) == (len(rows), [each.name for each in TIDY[name].variables])  # fmt: skip
    answer = sam.get(f"/tables/{name}", format="csv")
    assert len(pd.read_csv(io.StringIO(answer.text), dtype=str)) == len(rows) == int(answer.headers["Hometrial-Rows"])  # fmt: skip
    shape = document()["components"]["schemas"][name]["properties"]
    assert all(row.keys() == shape.keys() for row in rows)


def test_some_columns_of_some_people_come_in_the_order_asked_for(sam):
    rows = sam.rows(
        "/tables/participant_day",
        participant="P-0003,P-0001",
        columns="local_day,participant_id",
        limit=4,
    )
    assert [list(row.values()) for row in rows] == [
        [f"2016-04-{day:02}", who] for who in ("P-0001", "P-0003") for day in DAYS
    ]


def test_what_has_changed_comes_alone_and_with_it_whose_it_is(sam, shared_study):
    sam.get(
        "/tables/participant_day"
    )  # whose first snapshot would be newer than anything known before
    before = sam.get("/tables/participant").json["version"]
    assert sam.get("/tables/participant/changes", changed_since=before).json["participants"] == []
    with shared_study.database.transaction("ann", "a change") as session:
        enrolling.find_participant(session, "P-0001").status = "withdrawn"
    told = sam.get("/tables/participant/changes", changed_since=before).json
    assert told["participants"] == [{"participant_id": "P-0001", "rows": 1}]
    assert (told["rows"], told["table_rows"]) == (1, 3)
    (row,) = sam.rows("/tables/participant", changed_since=before)
    assert (row["participant_id"], row["status"]) == ("P-0001", "withdrawn")
    assert sam.rows("/tables/participant_day", changed_since=before) == []


def test_what_one_has_already_is_not_sent_again(sam, shared_study):
    first = sam.get("/tables/participant", format="parquet")
    known = {"If-None-Match": first.headers["ETag"]}
    again = sam.get("/tables/participant", known, format="parquet")
    assert (again.status_code, again.data) == (304, b"")
    assert sam.get("/tables/participant", known, format="csv").status_code == 200
    with shared_study.database.transaction("ann", "a change") as session:
        enrolling.find_participant(session, "P-0003").status = "withdrawn"
    assert sam.get("/tables/participant", known, format="parquet").status_code == 200


def test_samples_of_a_stream_come_by_person_and_day_and_as_many_as_were_told(sam):
    answer = sam.get("/samples/heart_rate", participant="P-0002", **{"from": "2016-04-03", "to": "2016-04-05"})  # fmt: skip
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert len(rows) == 90 == int(answer.headers["Hometrial-Rows"])
    assert {row["local_at"][:10] for row in rows} == {"2016-04-03", "2016-04-04", "2016-04-05"}
    assert sum(row["value"] for row in rows[:30]) == sum(range(60, 90))
    for stream in ("heart_rate", "sleep_stage", "sleep_session", "steps"):
        answer = sam.get(f"/samples/{stream}", format="parquet")
        file = pq.read_table(io.BytesIO(answer.data))
        assert str(file.num_rows) == answer.headers["Hometrial-Rows"], stream
    counted = {each["stream"]: each["samples"] for each in sam.get("/samples").json["data"]}
    assert counted["heart_rate"] >= 900


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/tables/participant_day?limit=0", "limit"),
        ("/tables/participant_day?limit=99999", "limit"),
        ("/tables/participant_day?limt=9", "limt"),
        ("/tables/participant_day?limit=1&limit=2", "limit"),
        ("/tables/participant_day?format=xml", "format"),
        ("/tables/participant_day?format=csv&limit=3", "format"),
        ("/tables/participant_day?columns=nothing", "columns"),
        ("/tables/participant_day?changed_since=2026-11-28", "changed_since"),
        ("/tables/participant_day?profile=public", "profile"),
        ("/tables/participant_day?participant=,", "participant"),
        ("/tables/batch?participant=P-0001", "participant"),
        ("/tables/participant_day/changes", "changed_since"),
        ("/samples/heart_rate?from=2016-04-05&to=2016-04-03", "to"),
        ("/samples/heart_rate?from=tomorrow", "from"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name_with_the_way_out(sam, path, field):
    told = problem(sam.get(path), 400)
    assert told["field"] == field
    assert told["way_out"]
    assert "value" in told


def test_what_is_not_there_is_told_as_a_problem(sam):
    for path in ("/tables/nothing", "/locks/nothing", "/samples/nothing", "/nothing/at/all", "/participants/P-9999"):  # fmt: skip
        problem(sam.get(path), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/study", "/tables/participant_day", "/nothing"])
def test_another_method_is_told_as_a_problem_and_writes_nothing(place, method, path):
    told = problem(place.test_client().open(f"/api/v1{path}", method=method), 405)
    assert told["value"] == method


def test_the_address_of_the_next_page_given_as_a_cursor_is_told_what_it_is(sam):
    page = sam.get("/tables/participant_day?limit=1").json["next"]
    told = problem(sam.get("/tables/participant_day", cursor=page), 400)
    assert "the whole address" in told["way_out"]


def test_words_that_somebody_typed_stay_behind_unless_a_role_may_have_them(place, token, sam):
    problem(sam.get("/tables/query", profile="words"), 403)
    manager = Program(place, token("mona", ("data_manager",)))
    assert manager.get("/tables/query", profile="words").status_code == 200


def test_every_read_stands_in_the_access_log_with_what_it_asked_for(sam, shared_study):
    sam.get("/tables/participant_day", participant="P-0001", format="csv")
    sam.get("/participants/P-0002")
    with shared_study.database.reading() as session:
        lines = session.scalars(select(AccessRecord).order_by(AccessRecord.id.desc()).limit(2)).all()  # fmt: skip
    one, table = lines
    assert (table.who, table.kind, table.action) == ("staff:sam", "exported", "export.take")
    assert table.what == "GET /api/v1/tables/participant_day?participant=P-0001&format=csv"
    assert (one.kind, one.subject) == ("exported", "P-0002")


@pytest.fixture(scope="module")
def narrow(shared_study):
    """The staff site of the same study, which gives a token four requests a minute."""
    settings = shared_study.database.settings.model_copy(update={"api_limit": 4})
    database = Database(settings)
    yield create_app(database)
    database.engine.dispose()


def test_a_token_that_asks_too_often_waits_and_no_other_does(narrow, token, at_clock):
    now = clock.now()
    at_clock(now)
    fast, other = (Program(narrow, token("fred", called=called)) for called in ("fast", "other"))
    assert [fast.get("/study").status_code for _ in range(3)] == [200, 200, 429]
    assert other.get("/study").status_code == 200
    refused = fast.get("/study")
    told = problem(refused, 429)
    wait = int(refused.headers["Retry-After"])
    assert (told["limit"], told["retry_after"], told["field"]) == (4, wait, "Authorization")
    assert f"{wait} seconds" in told["way_out"]
    Draft202012Validator(shapes.PROBLEM).validate(told)
    at_clock(now + timedelta(seconds=wait - 1))
    assert fast.get("/study").status_code == 429
    at_clock(now + timedelta(seconds=wait))
    assert fast.get("/study").status_code == 200


def test_in_no_minute_a_token_has_more_than_its_limit(narrow, token, at_clock):
    now, done = clock.now(), 0
    program = Program(narrow, token("gus", called="greedy"))
    for second in range(60):
        at_clock(now + timedelta(seconds=second))
        done += program.get("/locks").status_code == 200
    assert done in (3, 4)


def test_a_token_that_asks_too_often_is_written_down_once_a_minute(narrow, token, shared_study):
    program = Program(narrow, token("hugo", called="hasty"))
    for _ in range(9):
        program.get("/study")
    with shared_study.database.reading() as session:
        lines = session.scalars(select(AccessRecord).where(AccessRecord.who == "staff:hugo")).all()
    assert [each.kind for each in lines] == ["exported", "exported", "refused"]


def test_the_study_is_told(sam):
    told = sam.get("/study").json
    assert [each["code"] for each in told["sites"]] == ["S-01", "S-02"]
    assert told["participants"] == 3
    assert told["audit_entry"] > 0


def test_the_description_is_valid_and_names_every_address(place):
    validate(document())
    assert place.test_client().get("/api/v1/openapi.json").json == document()
    told = {
        (method, path) for path, operations in document()["paths"].items() for method in operations
    }
    served = {
        (method.lower(), _braced(rule.rule))
        for rule in place.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in rule.methods & {"GET", "POST"}
    }
    own = {"openapi.json", "docs", "{rest}"}
    assert told == {each for each in served if each[1].removeprefix("/api/v1/") not in own}
    assert "changed_since" in place.test_client().get("/api/v1/docs").text


def _braced(rule):
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def test_answers_are_what_the_description_says(sam):
    for path in (
        "/study",
        "/tables",
        "/locks",
        "/samples",
        "/participants",
        "/tables/participant_day",
    ):
        rule = "/api/v1/tables/{name}" if path.count("/") == 2 else f"/api/v1{path}"
        shape = document()["paths"][rule]["get"]["responses"]["200"]["content"]["application/json"]
        Draft202012Validator(shape["schema"]).validate(sam.get(path).json)


def test_a_long_stream_is_handed_on_piece_by_piece(sam):
    answer = sam.client.get("/api/v1/samples/heart_rate", headers={"Authorization": f"Bearer {sam.token}"}, buffered=False)  # fmt: skip
    pieces = list(answer.iter_encoded())
    assert len(pieces) >= 3, "a month of a person each"
    assert max(map(sys.getsizeof, pieces)) < 200_000
