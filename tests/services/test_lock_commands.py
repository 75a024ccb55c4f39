"""Locks on the command line: made, signed by who proves it, verified with an exit code, compared, rebuilt."""

import json
from datetime import date, timedelta
from types import SimpleNamespace

import asked
import pyotp
import pytest
import signed_in
from click.testing import CliRunner

from hometrial import clock
from hometrial.cli.export import export
from hometrial.cli.lock import lock
from hometrial.cli.twin import twin
from hometrial.errors import ExportRefusedError, TrialError
from hometrial.services import twinning
from hometrial.services.locking import keeping, signing
from hometrial.services.locking.signing import LockRefusedError
from hometrial.services.staffing import accounts, factors, totp

pytestmark = pytest.mark.long

PASSWORD = "Vögel fliegen über Teiche"  # noqa: S105
FEW = ("--format", "csv", "--samples", "")


@pytest.fixture(scope="module")
def place(shared_study, tmp_path_factory):
    """A study of one person with two locks, and two who may sign."""
    database, home = shared_study.database, tmp_path_factory.mktemp("locks")
    with database.transaction("test", "people come") as session:
        asked.in_trial(session)
    secrets = {}
    roles = {"dana": "data_manager", "ines": "investigator", "otto": "investigator"}
    for name, role in roles.items():
        with database.transaction("test", "somebody of the staff") as session:
            secrets[name] = _password(session, factors.keys_of(database.settings), name, role)
    made = SimpleNamespace(database=database, home=home, secrets=secrets)
    run(made, lock, "create", "DSMB-1", "--reason", "the board meets", "--out", home / "one", *FEW)
    with database.transaction("test", "somebody else comes") as session:
        asked.in_trial(session)
    run(made, lock, "create", "DSMB-2", "--reason", "it meets again", "--out", home / "two", *FEW)
    return made


def _password(session, keys, name, role) -> str:
    account = signed_in.account(session, name, (role,))
    offered = totp.secret(keys.hash, f"app of {name}")
    shown = pyotp.TOTP(offered).at(clock.now() - timedelta(seconds=30))
    factors.set_password(session, keys, account, (PASSWORD, offered, shown))
    return offered


def ended(place, command, *words, typed=""):
    return CliRunner().invoke(command, [*map(str, words)], obj=place.database, input=typed)


def run(place, command, *words, typed=""):
    """Return what a command that succeeds printed."""
    found = ended(place, command, *words, typed=typed)
    if found.exception is not None:
        raise found.exception
    return found.stdout


def root_of(place, name):
    return next(each["root"] for each in listed(place) if each["name"] == name)


def listed(place):
    return json.loads(run(place, lock, "list", "--json"))


def sign(place, name, who, role, *, password=PASSWORD, root=None):
    code = pyotp.TOTP(place.secrets[who]).at(clock.now())
    words = ("sign", name, "--as", role, "--root", root or root_of(place, name), "--account", who)
    return run(place, lock, *words, typed=f"{password}\n{code}\n")


def signed(place, name):
    with place.database.reading() as session:
        found = signing.standing(session, keeping.find(session, name)).signatures
    return [(each.signed_by, each.role) for each in found]


def test_a_lock_is_signed_by_two_who_each_prove_it(place):
    assert listed(place)[1]["awaits"] == ["data_manager", "investigator"]
    said = sign(place, "DSMB-1", "dana", "data_manager")
    assert said == "Dana signed lock DSMB-1 as data_manager; investigator yet to sign\n"
    assert sign(place, "DSMB-1", "ines", "investigator").endswith("; it stands\n")
    assert signed(place, "DSMB-1") == [("staff:dana", "data_manager"), ("staff:ines", "investigator")]  # fmt: skip
    assert "Dana (data_manager), Ines (investigator)" in run(place, lock, "list")


def test_who_holds_the_machine_signs_for_nobody(place):
    with pytest.raises(LockRefusedError, match="password and code are not dana's"):
        sign(place, "DSMB-2", "dana", "data_manager", password="guessed")  # noqa: S106
    assert signed(place, "DSMB-2") == []
    with place.database.reading() as session:
        assert accounts.find(session, "dana").disabled_at is None


def test_another_root_is_not_signed(place):
    with pytest.raises(LockRefusedError, match="is not the root of lock DSMB-2"):
        sign(place, "DSMB-2", "otto", "investigator", root="0" * 64)


def test_a_folder_is_verified_with_an_exit_code_that_programs_read(place):
    folder = place.home / "one"
    assert "as it was written" in run(place, lock, "verify", folder)
    assert ended(place, lock, "verify", folder, "--root", root_of(place, "DSMB-1")).exit_code == 0
    other = ended(place, lock, "verify", folder, "--root", "0" * 64, "--json")
    assert other.exit_code == 1
    assert json.loads(other.stdout)["problems"] == [
        f"the root is {root_of(place, 'DSMB-1')}, not {'0' * 64}"
    ]


def test_one_flipped_byte_is_named(place, tmp_path):
    run(place, lock, "rebuild", "DSMB-1", "--out", tmp_path / "again")
    path = tmp_path / "again" / "tidy" / "participant.csv"
    body = bytearray(path.read_bytes())
    body[-2] ^= 1
    path.write_bytes(body)
    found = ended(place, lock, "verify", tmp_path / "again")
    assert (found.exit_code, found.stderr) == (1, "tidy/participant.csv was changed\n")


def test_two_locks_are_compared_as_text_csv_and_json(place):
    said = run(place, lock, "diff", "DSMB-1", "DSMB-2")
    rows = json.loads(run(place, lock, "diff", "DSMB-1", "DSMB-2", "--json"))
    lines = run(place, lock, "diff", "DSMB-1", "DSMB-2", "--csv").splitlines()
    assert {each["change"] for each in rows if each["table"] == "participant"} == {"added"}
    assert len(lines) == len(rows) + 1
    assert said.splitlines()[-1] == f"{len(rows):,} differences"


@pytest.mark.parametrize("words", [("rebuild", "END", "--out", "x"), ("diff", "DSMB-1", "END"), ("diff", "END", "1")])  # fmt: skip
def test_an_unknown_lock_is_refused_with_those_there_are(place, words):
    with pytest.raises(TrialError, match="no lock is called END; there are: DSMB-2, DSMB-1"):
        run(place, lock, *words)


def test_a_name_of_digits_is_refused_as_it_would_be_taken_for_a_number(place, tmp_path):
    with pytest.raises(ExportRefusedError, match="name: '2' will not do"):
        run(place, lock, "create", "2", "--reason", "no", "--out", tmp_path / "no", *FEW)


def test_a_draft_is_written_as_asked(place, tmp_path):
    facts = json.loads(run(place, export, "--draft", "--out", tmp_path / "draft", *FEW, "--json"))
    assert (facts["kind"], facts["formats"], facts["streams"]) == ("draft", ["csv"], [])
    with pytest.raises(ExportRefusedError, match="add --draft"):
        run(place, export)


def test_a_twin_that_cannot_be_is_refused_by_its_field(place, tmp_path):
    with pytest.raises(ExportRefusedError, match="people: 0; give 1 to 10,000"):
        run(place, twin, tmp_path / "none", "--people", 0)
    with pytest.raises(ExportRefusedError, match="until: '2027-02-30' is no day"):
        run(place, twin, tmp_path / "none", "--until", "2027-02-30")
    assert list(tmp_path.iterdir()) == []


def test_a_twin_is_asked_for_as_it_was_typed(place, tmp_path, monkeypatch):
    orders = []

    def written(database, order, asked, out, progress):
        orders.append((order, asked.formats, asked.streams))
        return {"files": 1_234, "root": "5f0c"}

    monkeypatch.setattr(twinning, "write", written)
    words = (
        "--people",
        3,
        "--seed",
        0,
        "--until",
        "2026-05-01",
        "--format",
        "csv,stata",
        "--format",
        "spss",
    )
    said = run(place, twin, tmp_path / "twin", *words)
    assert said == f"1,234 files of 3 invented people in {tmp_path / 'twin'}, root 5f0c\n"
    assert orders == [(twinning.Order(3, 0, None, date(2026, 5, 1)), ("csv", "stata", "spss"), ())]
