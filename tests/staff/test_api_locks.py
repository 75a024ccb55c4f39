"""Locks through the read interface: told, asked for, taken away file by file or in one, compared."""

import hashlib
import io
import json
import zipfile
from datetime import timedelta

import pytest
import signed_in
import worked
from asked import in_trial

from hometrial.exports import vouching
from hometrial.services import delivering, enrolling, reaching
from hometrial.services.locking import keeping, making, signing
from hometrial.services.locking.wanted import new_lock, wanted
from hometrial.services.staffing import acting, tokens
from hometrial.staff import create_app

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def place(shared_study, tmp_path_factory):
    """A study of two people with two locks, the first signed once, and the staff site."""
    database, folder = shared_study.database, tmp_path_factory.mktemp("locks")
    asked = wanted(("csv", "parquet"))
    with database.transaction("ann", "two people") as session:
        people = [in_trial(session).code for _ in range(2)]
        reaching.add_site(session, "S-09", name="Far away")
    making.make(database, new_lock("DSMB-1", "interim", "the board", asked), folder / "1", "ann")
    with database.transaction("ann", "somebody leaves") as session:
        enrolling.find_participant(session, people[1]).status = "withdrawn"
    making.make(database, new_lock("DSMB-2", "interim", "the board", asked), folder / "2", "ann")
    with database.transaction("mona", "sign") as session:
        mona = acting.actor_of(session, signed_in.account(session, "mona", ("data_manager",)))
        lock = keeping.find(session, "DSMB-1")
        signing.sign(session, lock, "data_manager", mona, lock.root)
    return create_app(database), folder


@pytest.fixture(scope="module")
def ask(place, shared_study):
    """Ask as somebody's program."""

    def by(name="sam", roles=("statistician",), sites=None):
        with shared_study.database.transaction("test", "a token") as session:
            account = signed_in.account(session, name, roles, sites)
            token = tokens.issue(session, account.id, "laptop", timedelta(days=1))
        client = place[0].test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return by


@pytest.fixture(scope="module")
def sam(ask):
    return ask()


@pytest.fixture(scope="module")
def ready(sam, shared_study):
    """The files of the first lock, asked for and made."""
    before = [sam.get(f"/api/v1/locks/DSMB-1/{what}") for what in ("files", "manifest", "archive")]
    first = sam.post("/api/v1/locks/DSMB-1/files")
    again = sam.post("/api/v1/locks/1/files")
    with shared_study.database.reading() as session:
        (waiting,) = [each.request.id for each in delivering.history(session) if each.request.state == "waiting"]  # fmt: skip
    early = sam.get("/api/v1/locks/DSMB-1/manifest")
    delivering.make(shared_study.database, waiting)
    return before, first, again, early


def test_locks_are_listed_with_who_signed_and_who_has_not(sam, place):
    second, first = sam.get("/api/v1/locks").json["data"]
    assert (first["name"], first["stands"], first["awaits"]) == ("DSMB-1", False, ["investigator"])
    assert second["number"] == 2
    told = sam.get("/api/v1/locks/1").json
    assert told["root"] == vouching.root_of(place[1] / "1") == first["root"]
    assert told["facts"]["protocol"]["id"]
    (signed,) = sam.get("/api/v1/locks/DSMB-1/signatures").json["data"]
    assert (signed["account"], signed["role"]) == ("staff:mona", "data_manager")


def test_files_are_asked_for_once_and_told_when_they_are_ready(sam, ready):
    before, first, again, early = ready
    for answer in before:
        assert answer.status_code == 409
        assert "POST /api/v1/locks/DSMB-1/files" in answer.json["detail"]
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json["state"] == "waiting"
    assert early.status_code == 409
    assert "not ready yet" in early.json["detail"]
    assert sam.get("/api/v1/locks/DSMB-1/files").json["state"] == "ready"


def test_every_file_is_what_the_manifest_says_and_the_whole_is_the_lock(sam, ready, tmp_path):
    manifest = sam.get("/api/v1/locks/DSMB-1/manifest").json
    for file in manifest["files"][::7]:
        body = sam.get(f"/api/v1/locks/DSMB-1/files/{file['path']}").data
        assert (len(body), hashlib.sha256(body).hexdigest()) == (file["bytes"], file["sha256"])
    with (
        sam.get("/api/v1/locks/DSMB-1/archive") as answer,
        zipfile.ZipFile(io.BytesIO(answer.data)) as archive,
    ):
        archive.extractall(tmp_path)
    found = vouching.verify(tmp_path)
    assert found.problems == ()
    assert found.root == sam.get("/api/v1/locks/DSMB-1").json["root"]


def test_a_download_that_broke_off_goes_on_where_it_was(sam, ready):
    with sam.get("/api/v1/locks/DSMB-1/archive") as answer:
        whole = answer.data
    with sam.get("/api/v1/locks/DSMB-1/archive", headers={"Range": "bytes=1000-"}) as rest:
        assert (rest.status_code, rest.data) == (206, whole[1000:])


def test_no_path_leads_out_of_the_lock(sam, ready):
    for path in ("nothing.csv", "../../keys/audit.hex", "%2e%2e/%2e%2e/keys/audit.hex"):
        assert sam.get(f"/api/v1/locks/DSMB-1/files/{path}").status_code == 404, path


def test_what_differs_between_two_locks_is_told_with_who_did_it(sam, place, shared_study):
    address = "/api/v1/locks/DSMB-1/differences/DSMB-2"
    for _ in range(2):
        later = sam.get(address)
        assert (later.status_code, later.json["state"]) == (202, "waiting")
        assert int(later.headers["Retry-After"]) > 0
    worked.out(shared_study.database, "differences", 2, 1, "study")
    lines = sam.get(address).text.splitlines()
    (changed,) = [each for each in map(json.loads, lines) if each["variable"] == "status"]
    assert (changed["table"], changed["after"]) == ("participant", "withdrawn")
    assert changed["who"] == "ann"
    assert changed["why"] == "NOT RELEASED", "words stay behind as in every export of the profile"
    assert sam.get("/api/v1/locks/DSMB-2/differences/DSMB-1").status_code == 409


def test_who_sees_some_sites_alone_has_no_files(ask, ready):
    near = ask("nora", sites=("S-01",))
    assert near.get("/api/v1/locks").status_code == 200
    for path in ("differences/DSMB-2", "archive", "manifest", "files/MANIFEST.json"):
        answer = near.get(f"/api/v1/locks/DSMB-1/{path}")
        assert answer.status_code == 409
        assert "1 of 2 sites" in answer.json["detail"], path
    assert near.post("/api/v1/locks/DSMB-1/files").status_code == 409
