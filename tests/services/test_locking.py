"""A lock is made, signed by two people, rebuilt to the byte, compared; what fails leaves nothing behind."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import asked
import locks_by_hand
import pandas as pd
import pytest
import signed_in
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm.attributes import set_committed_value

from hometrial.errors import ExportRefusedError, TrialError
from hometrial.exports import vouching
from hometrial.exports.provenance import read_lineage
from hometrial.models import BoardDecision, DataLock, LockSignature, LockSource, Participant
from hometrial.protocol.safety.details import Details
from hometrial.services import enrolling, reaching
from hometrial.services.locking import comparing, keeping, making, settled, signing
from hometrial.services.locking.keeping import UnknownLockError
from hometrial.services.locking.signing import LockRefusedError
from hometrial.services.locking.wanted import NewLock, new_lock, wanted
from hometrial.services.querying import steps
from hometrial.services.querying.steps import Question
from hometrial.services.safety import events, reporting
from hometrial.services.staffing import acting

pytestmark = pytest.mark.long

BEATS = "Id,Time,Value\n" + "".join(f"1,4/12/2016 7:{n:02}:05 AM,{60 + n}\n" for n in range(20))
FORMATS = ("xpt5", "dataset-json", "csv")


def order(
    name: str, *, profile: str = "study", formats=FORMATS, reason: str = "the board meets"
) -> NewLock:
    return new_lock(name, "interim", reason, wanted(formats, profile))


@dataclass
class Locked:
    """A study of some people, its first lock, and the lock's folder."""

    study: object
    lock: DataLock
    out: Path

    @property
    def database(self):
        return self.study.database


@pytest.fixture(scope="module")
def locked(shared_study, tmp_path_factory) -> Locked:
    folder = tmp_path_factory.mktemp("fitabase")
    (folder / "heartrate_seconds_merged.csv").write_text(BEATS)
    shared_study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    with shared_study.database.transaction("test", "people come") as session:
        for number in (1, 2):
            person = asked.in_trial(session)
            said = reporting.Said("ann", "contact", "staff")
            for words in ("headache", "vivid dreams"):
                known = Details(verbatim=words, start=f"2026-03-0{number}", severity="mild")
                reporting.report(session, person, known, said)
        for name, role in (("dana", "data_manager"), ("ines", "investigator"), ("both", "monitor")):
            signed_in.account(session, name, (role,))
        signed_in.account(session, "janus", ("data_manager", "investigator"))
    out = tmp_path_factory.mktemp("locks") / "dsmb-1"
    lock = making.make(shared_study.database, order("DSMB-1"), out, "staff:dana")
    return Locked(shared_study, lock, out)


def actor(session, name):
    from hometrial.services.staffing import accounts

    return acting.actor_of(session, accounts.find(session, name))


def test_a_lock_vouches_for_itself_and_says_what_it_holds(locked):
    found = vouching.verify(locked.out)
    assert found.problems == ()
    assert found.root == locked.lock.root
    manifest = json.loads((locked.out / "MANIFEST.json").read_text())
    assert (manifest["kind"], manifest["number"], manifest["name"]) == (
        "lock",
        locked.lock.number,
        "DSMB-1",
    )
    assert manifest["protocol"] == {"id": "ldn-mecfs", "version": "1.0.0"}
    assert len(manifest["participants"]) == manifest["data_sets"]["sdtm.DM"] == 3
    assert manifest["data_sets"]["sdtm.AE"] == manifest["source_rows"]["adverse_event"] == 4
    assert manifest["samples"] == 20
    assert len(manifest["code"]["sha256"]) == 64
    assert manifest["state"]["open_queries"] == 0


def test_it_is_rebuilt_to_the_byte_from_what_it_keeps(locked, tmp_path):
    with locked.database.reading() as session:
        source = keeping.source_of(session, locked.lock)
    root = making.rebuild(locked.database, locked.lock, source, tmp_path / "again")
    assert root == locked.lock.root


_CHILD = """
import sys
from pathlib import Path
from hometrial.db import Database
from hometrial.services.locking import keeping, making
from hometrial.settings import load
database = Database(load())
with database.reading() as session:
    lock = keeping.find(session, "DSMB-1")
    source = keeping.source_of(session, lock)
print(making.rebuild(database, lock, source, Path(sys.argv[1])))
database.close()
"""


def test_another_zone_language_and_hash_seed_make_the_same_root(locked, tmp_path):
    settings = locked.database.settings
    own = {"HOMETRIAL_HOME": str(settings.home), "HOMETRIAL_DATABASE_URL": settings.database_url}
    other = {
        "TZ": "Asia/Kathmandu",
        "PGTZ": "America/Los_Angeles",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "77",
    }
    ended = subprocess.run(
        [sys.executable, "-c", _CHILD, tmp_path / "elsewhere"],
        env=os.environ | own | other, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == locked.lock.root


def test_data_that_come_later_do_not_change_it(locked, tmp_path):
    with locked.database.transaction("test", "later") as session:
        asked.in_trial(session)
    with locked.database.reading() as session:
        source = keeping.source_of(session, locked.lock)
    assert (
        making.rebuild(locked.database, locked.lock, source, tmp_path / "again") == locked.lock.root
    )


def test_two_people_sign_each_in_their_role(locked, tmp_path):
    made = making.make(
        locked.database, order("signed", formats=("csv",)), tmp_path / "lock", "staff:dana"
    )
    with locked.database.transaction("staff:dana", "sign") as session:
        signing.sign(session, made, "data_manager", actor(session, "dana"), made.root)
        assert signing.standing(session, made).awaits == ("investigator",)
    with locked.database.transaction("staff:ines", "sign") as session:
        signing.sign(session, made, "investigator", actor(session, "ines"), made.root)
        assert signing.standing(session, made).stands
    with locked.database.reading() as session:
        source = keeping.source_of(session, made)
    making.rebuild(locked.database, made, source, tmp_path / "again")
    found = vouching.verify(tmp_path / "again")
    assert found.problems == ()
    assert [each.split(",")[0] for each in found.signed] == [
        "Dana (data_manager)",
        "Ines (investigator)",
    ]


@pytest.mark.parametrize(
    ("name", "role", "said"),
    [
        ("both", "investigator", "does not hold the role investigator, but monitor"),
        ("dana", "owner", "does not sign locks"),
    ],
)
def test_who_may_not_sign_is_told_why(locked, name, role, said):
    with locked.database.reading() as session, pytest.raises(LockRefusedError, match=said):
        signing.sign(session, locked.lock, role, actor(session, name), locked.lock.root)


def test_nobody_signs_twice_and_nobody_signs_another_root(locked):
    with locked.database.transaction("staff:janus", "sign") as session:
        janus = actor(session, "janus")
        with pytest.raises(LockRefusedError, match="is not the root of lock DSMB-1"):
            signing.sign(session, locked.lock, "data_manager", janus, "0" * 64)
        signing.sign(session, locked.lock, "data_manager", janus, locked.lock.root)
        with pytest.raises(LockRefusedError, match="another person signs as investigator"):
            signing.sign(session, locked.lock, "investigator", janus, locked.lock.root)
        with pytest.raises(LockRefusedError, match="Janus has signed DSMB-1 as data_manager"):
            signing.sign(
                session, locked.lock, "data_manager", actor(session, "dana"), locked.lock.root
            )
        session.rollback()


@pytest.mark.parametrize("table", ["data_lock", "lock_source", "lock_signature", "board_decision"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])  # fmt: skip
def test_the_database_lets_nobody_change_a_lock(locked, table, change):
    column = "sha256" if table == "lock_source" else "root"
    with (
        pytest.raises(DatabaseError, match=r"append-only|permission denied"),
        locked.database.transaction("test", "tamper") as session,
    ):
        session.execute(text(change.format(table, column, column)))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"root": "0" * 64}, "fk_lock_signature_lock_id_root_data_lock"),
        ({"role": "monitor"}, "role_is_known"),
        ({"signed_by": "staff:first"}, "uq_lock_signature_lock_id_signed_by"),
        ({"role": "data_manager"}, "uq_lock_signature_lock_id_role"),
        ({"meaning": ""}, "says_what_it_means"),
    ],
)
def test_the_database_holds_signatures_to_two_people_two_roles_and_the_root_of_the_lock(
    locked, given, said
):
    usual = {
        "lock_id": locked.lock.id, "root": locked.lock.root, "role": "investigator", "meaning": "read",
        "signed_by": "staff:second", "signed_name": "Second", "signed_at": locked.lock.made_at,
    }  # fmt: skip
    first = usual | {"role": "data_manager", "signed_by": "staff:first"}
    with (
        pytest.raises(IntegrityError, match=said),
        locked.database.transaction("test", "sign by hand") as session,
    ):
        session.add_all([LockSignature(**first), LockSignature(**usual | given)])


def test_a_board_decides_on_the_root_of_its_lock_alone(locked):
    told = {
        "lock_id": locked.lock.id, "root": "0" * 64, "met_on": locked.lock.made_at.date(), "decision": "continue",
        "because": "nothing seen", "decided_at": locked.lock.made_at, "signed_by": "staff:a", "signed_name": "A",
    }  # fmt: skip
    with (
        pytest.raises(IntegrityError, match="fk_board_decision_lock_id_root_data_lock"),
        locked.database.transaction("test", "decide by hand") as session,
    ):
        session.add(BoardDecision(**told))


def test_who_holds_the_role_at_one_site_of_two_does_not_sign_for_everybody(study):
    with study.database.transaction("test", "two sites, and a lock") as session:
        enrolling.default_site(session)
        lock = locks_by_hand.lock(session, "by-hand")
        reaching.add_site(session, "S-02", name="Far away")
        ines, ivo = (
            acting.actor_of(session, signed_in.account(session, name, ("investigator",), at))
            for name, at in (("ines", ("S-02",)), ("ivo", None))
        )
        found = signing.standing(session, lock)
        assert signing.may_sign_as(found, ines) == ()
        assert signing.may_sign_as(found, ivo) == ("investigator",)
        with pytest.raises(LockRefusedError, match="Ines is investigator at 1 of 2 sites; who is"):
            signing.sign(session, lock, "investigator", ines, lock.root)
        assert signing.sign(session, lock, "investigator", ivo, lock.root).role == "investigator"


def test_of_two_who_sign_in_one_role_at_once_the_second_is_told_of_the_first(study):
    with study.database.transaction("test", "a lock of which no folder is needed") as session:
        for name in ("ines", "janus"):
            signed_in.account(session, name, ("investigator",))
        lock = locks_by_hand.lock(session, "by-hand")

    def sign(name) -> None:
        with study.database.transaction(f"staff:{name}", "sign") as session:
            signing.sign(session, lock, "investigator", actor(session, name), lock.root)
            begun.set()
            at_once.wait()

    begun, at_once = Event(), Event()
    with ThreadPoolExecutor(2) as both:
        first = both.submit(sign, "ines")
        begun.wait()
        second = both.submit(sign, "janus")
        with pytest.raises(TimeoutError):
            second.result(timeout=0.3)
        at_once.set()
        first.result()
        with pytest.raises(LockRefusedError, match="role: Ines has signed by-hand"):
            second.result()


def test_a_query_is_open_until_it_is_closed(study):
    def now_open(session):
        return settled.state_of(session)["open_queries"]

    with study.database.transaction("test", "queries") as session:
        person = asked.in_trial(session)
        first, second = (
            steps.ask(
                session, Question(person, f"dose/2026-03-0{day}", "which dose?"), "staff:dana"
            )
            for day in (1, 2)
        )
        assert now_open(session) == 2
        steps.answer(session, first, "the one of the morning", "staff:cora")
        assert (first.status, now_open(session)) == ("answered", 2)
        steps.close(session, first, "settled", "staff:dana", any_of_them=False)
        assert now_open(session) == 1
        assert second.status == "open"


def test_three_changes_are_three_differences_with_who_and_why(locked, tmp_path):
    with locked.database.transaction("staff:ines", "seen in the letter") as session:
        [first, second, *_] = [each.event for each in events.states(session)]
        said = reporting.Said("ines", "contact", "staff")
        reporting.amend(session, first, {"severity": "severe", "grade": 3}, said, because="letter")
        reporting.amend(session, second, {"severity": "moderate"}, said, because="letter")
    making.make(locked.database, order("DSMB-2", formats=("csv",)), tmp_path / "lock", "staff:dana")
    with locked.database.reading() as session:
        found = [
            each
            for each in comparing.compared(session, "DSMB-1", "DSMB-2")
            if each.table == "adverse_event" and each.variable not in ("", "learned")
        ]
    assert [(each.variable, each.before, each.after) for each in found] == [
        ("severity", "mild", "severe"), ("grade", "", "3"), ("severity", "mild", "moderate"),
    ]  # fmt: skip
    assert {each.who for each in found} == {"staff:ines"}
    assert {each.why for each in found} == {"seen in the letter"}


def test_locks_are_compared_forwards_only(locked):
    with (
        locked.database.reading() as session,
        pytest.raises(ExportRefusedError, match="earlier one first"),
    ):
        list(comparing.compared(session, "DSMB-1", "DSMB-1"))


def test_a_row_leads_back_to_its_record(locked):
    [source] = read_lineage(locked.out, "AE", 1)
    assert source.startswith("adverse_event/")


def test_an_unknown_lock_is_refused_with_those_that_there_are(locked):
    with (
        locked.database.reading() as session,
        pytest.raises(UnknownLockError, match=r"no lock is called 99; there are: .*DSMB-1"),
    ):
        keeping.find(session, "99")


def test_a_name_is_given_once(locked, tmp_path):
    with pytest.raises(ExportRefusedError, match="bears the name DSMB-1"):
        making.make(locked.database, order("dsmb-1"), tmp_path / "lock", "staff:dana")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kind", "reason", "said"),
    [
        ("a b", "interim", "x", "name: 'a b' will not do"),
        ("a", "hard", "x", "kind: 'hard' is none"),
        ("a", "final", " ", "reason: say why a is made"),
    ],
)
def test_what_is_asked_for_badly_is_refused_by_field(name, kind, reason, said):
    with pytest.raises(ExportRefusedError, match=said):
        new_lock(name, kind, reason, wanted())


def test_of_two_locks_at_once_one_waits(locked, tmp_path):
    with (
        keeping.alone(locked.database),
        pytest.raises(ExportRefusedError, match="another lock is being made"),
    ):
        making.make(locked.database, order("second"), tmp_path / "lock", "staff:dana")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_leaves_no_lock_and_no_folder(locked, tmp_path, monkeypatch):
    def fills_up(*_given, **_more):
        raise OSError(28, "No space left on device")

    before = locked.study.rows("SELECT count(*) FROM data_lock")
    monkeypatch.setattr("hometrial.exports.building.reading_back.write", fills_up)
    with pytest.raises(ExportRefusedError, match="No space left on device; nothing was left there"):
        making.make(locked.database, order("full"), tmp_path / "lock", "staff:dana")
    assert list(tmp_path.iterdir()) == []
    assert locked.study.rows("SELECT count(*) FROM data_lock") == before


def test_a_study_without_a_protocol_is_not_locked(study, tmp_path):
    with pytest.raises(ExportRefusedError, match="no protocol is in force"):
        making.make(study.database, order("early"), tmp_path / "lock", "staff:dana")
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_is_checked_before_it_is_used(locked):
    with locked.database.reading() as session:
        kept = session.scalars(
            select(LockSource).where(LockSource.lock_id == locked.lock.id)
        ).first()
        set_committed_value(kept, "body", kept.body + b"x")
        with pytest.raises(TrialError, match="was changed in the database"):
            keeping.source_of(session, locked.lock)


def test_a_lock_tells_what_has_changed_since_the_one_before(locked, tmp_path):
    first = making.make(
        locked.database, order("before", formats=("csv",)), tmp_path / "before", "staff:dana"
    )
    with locked.database.transaction("staff:ines", "a third symptom") as session:
        person = session.scalars(select(Participant).where(Participant.code == "P-0002")).one()
        known = Details(verbatim="nausea", start="2026-03-04", severity="mild")
        reporting.report(session, person, known, reporting.Said("ines", "contact", "staff"))
    second = making.make(
        locked.database, order("after", formats=("csv",)), tmp_path / "after", "staff:dana"
    )
    told = pd.read_csv(
        tmp_path / "after" / f"changes-since-{first.number:04d}.csv", keep_default_na=False
    )
    [event] = told[told["table"] == "adverse_event"].to_dict("records")
    assert (event["change"], event["participant_id"], event["who"]) == (
        "added",
        "P-0002",
        "staff:ines",
    )
    with locked.database.reading() as session:
        source = keeping.source_of(session, second)
    assert making.rebuild(locked.database, second, source, tmp_path / "again") == second.root


def test_provenance_names_the_tables_that_each_data_set_came_of(locked):
    told = json.loads((locked.out / "provenance" / "provenance.json").read_text())
    assert told["used"]["sdtm.AE"] == ["adverse_event"]
    assert told["used"]["tidy.adverse_event"] == ["adverse_event"]
    assert told["source_tables"]["adverse_event"]["rows"] == 4
    assert told["activity"]["sha256"] == locked.lock.facts["code"]["sha256"]
