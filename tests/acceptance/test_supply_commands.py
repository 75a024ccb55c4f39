"""The drug on its way, typed by a pharmacy: goods, deliveries, people, counts, recalls, and what does not add up."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
from tests.support.dosed import Dosed, eligible

from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.tasks import guarding
from hometrial.tasks.engine import House

PRODUCT = "ldn-case-series/cap/0.5"
HERE = ("--at", "S-01")


@pytest.fixture
def run(typed, study, monkeypatch):
    """Type a command as ph; it must end with this exit code. Return what it printed."""
    monkeypatch.setenv("HOMETRIAL_ACTOR", "ph")

    def checked(*arguments, code=0):
        ended, out, err = typed(study, *arguments)
        assert ended == code, out + err
        assert "Traceback" not in err
        return err if code == 2 else out

    return checked


@pytest.fixture
def somebody(study, at_clock):
    at_clock(datetime(2026, 2, 16, 9, tzinfo=UTC))
    with study.database.transaction("test", "enrol") as session:
        person = eligible(session)
    return Dosed(study, at_clock, person).at(0)


@pytest.fixture
def goods(run, somebody, tmp_path):
    """Half milligram capsules, kept cool, in a lot with its certificate; nothing came yet."""
    certificate = tmp_path / "c05.pdf"
    certificate.write_bytes(b"%PDF certificate of C05")
    run("supply", "product", "add", "ldn-case-series", "cap", "0.5", "--name", "naltrexone",
        "--excipient", "cellulose", "--lowest", "2", "--highest", "25")  # fmt: skip
    return run("supply", "lot", "add", "C05", "--product", PRODUCT, "--maker", "pharmacy",
               "--made", "2026-01-05", "--use-by", "2026-05-01", "--certificate", certificate)  # fmt: skip


def delivered(run, units=100, *more):
    logged = ("--lowest", "18", "--highest", "23")
    return run("supply", "deliver", "C05", units, *HERE, "--sent", "2026-02-27", *(more or logged))


def test_goods_are_recorded_with_the_file_of_their_certificate_and_what_cannot_be_is_refused(
    run, goods, study
):
    sha256 = hashlib.sha256(b"%PDF certificate of C05").hexdigest()
    assert goods == f"lot C05: {PRODUCT}, last day 2026-05-01; certificate kept, SHA-256 {sha256}\n"
    assert study.rows("SELECT provider, sha256 FROM payload") == [("certificate", sha256)]

    def product(*words):
        return run("supply", "product", "add", *words, "--name", "naltrexone", code=2)

    assert "it is not in force" in product("ldn-elsewhere", "cap", "0.5")
    assert "there are cap, liq, ointment" in product("ldn-case-series", "tablet", "0.5")
    assert "gives cap of 0.5, 1, 1.5, 3, 4.5 mg" in product("ldn-case-series", "cap", "2")
    assert "is there already" in product("ldn-case-series", "cap", "0.5")
    assert "give a number" in product("ldn-case-series", "cap", "half")

    def lot(code, made="2026-01-05", use_by="2026-05-01", of=PRODUCT):
        days = ("--made", made, "--use-by", use_by)
        return run("supply", "lot", "add", code, "--product", of, "--maker", "m", *days, code=2)

    assert "there is one of this number already" in lot("C05")
    assert "correct the days" in lot("C06", made="2026-06-01")
    assert "correct the days" in lot("C06", made="2026-03-30")
    assert f"there are {PRODUCT}/naltrexone" in lot("C06", of="ldn-case-series/cap/1")
    assert "write 2026-11-02" in lot("C06", made="January")


def test_units_come_are_given_come_back_and_are_destroyed_before_another(run, goods, somebody):
    code = somebody.person.code
    first = delivered(run)
    assert "S-01: the first delivery to a place of this name" in first
    assert "100 units of C05 are on the shelf at S-01; 100 on the shelf" in first
    given = run("supply", "dispense", "C05", 30, code, *HERE, "--why", "one in the evening")
    assert given == f"movement 2: 30 units of C05 dispensed at S-01, {code}; 70 on the shelf\n"
    back = run("supply", "returned", "C05", 4, code, *HERE)
    assert "70 on the shelf, 4 given back" in back
    run("supply", "lost", "C05", 2, code, *HERE, "--why", "sink")
    away = ("supply", "destroy", "C05", 4, *HERE, "--from", "returns", "--why", "returned")
    assert "name another person who saw it" in run(*away, "--witness", "ph", code=2)
    assert "returned" not in run(*away, "--witness", "bob").partition(";")[2]
    assert "1 more than there are" in run("supply", "dispense", "C05", 71, code, *HERE, code=2)
    assert "there are C05" in run("supply", "dispense", "C50", 1, code, *HERE, code=2)
    assert "give more than 0" in run("supply", "lost", "C05", 0, code, *HERE, "--why", "x", code=2)

    (row,) = json.loads(run("supply", "show", "--json"))["lots"]
    assert row["excipients"] == ["cellulose"]
    assert row["places"] == {
        "S-01": {"received": "100", "on_hand": "70", "quarantined": "0", "returned": "0",
                 "dispensed": "30", "destroyed": "0", "transferred": "0"}
    }  # fmt: skip
    shown = run("supply", "show", "C05")
    assert f"2026-03-02 movement 4: 2 lost by the person {code} at S-01, by ph" in shown
    assert run("supply", "check") == "everything adds up\n"


def test_a_delivery_out_of_its_temperature_or_without_a_logger_says_that_it_is_set_aside(
    run, goods, somebody
):
    warm = delivered(run, 10, "--lowest", "18", "--highest", "31")
    assert "in QUARANTINE at S-01, since it was between 18 and 31 degrees Celsius" in warm
    assert "do not give them out" in warm
    assert "since its temperature was not logged" in delivered(run, 10, "--condition", "intact")
    assert "give both" in run(
        "supply", "deliver", "C05", 1, *HERE, "--sent", "2026-02-27", "--lowest", "3", code=2
    )
    code = somebody.person.code
    assert "1 more than there are" in run("supply", "dispense", "C05", 1, code, *HERE, code=2)
    released = run("supply", "release", "C05", 10, *HERE, "--why", "maker: stable to 35")
    assert "10 on the shelf, 10 in quarantine" in released
    set_aside = run("supply", "quarantine", "C05", 3, *HERE, "--why", "refrigerator failed")
    assert "7 on the shelf, 13 in quarantine" in set_aside
    gone = ("--from", "quarantine", "--witness", "bob", "--why", "too warm")
    assert "7 on the shelf\n" in run("supply", "destroy", "C05", 13, *HERE, *gone)


def test_what_a_person_ought_to_have_the_days_left_and_what_no_lot_explains(run, goods, somebody):
    code = somebody.person.code
    delivered(run)
    assert f"{code} was given nothing" in run("supply", "show", code)
    run("supply", "dispense", "C05", 2, code, *HERE)
    somebody.order(once("0.5", TimeOfDay.EVENING, "cap"))
    somebody.took_each([0, 1])
    shown = run("supply", "show", code)
    assert "C05: 0 units ought to be left, last day 2026-05-01" in shown
    assert "days left: 0" in shown
    assert "no lot explains" not in shown
    somebody.took_each([2])
    told = json.loads(run("supply", "show", code, "--json"))
    assert (told["ought_to_have"], told["mg_no_lot_explains"]) == ({"C05": "0"}, "0.5")
    found = json.loads(run("supply", "check", "--json", code=1))
    assert found == [{"of": code, "says": "0.5 mg were told as taken that were not dispensed"}]
    assert f"{code}: 0.5 mg" in run("supply", "check", code=1)
    assert "neither a lot nor a participant" in run("supply", "show", "P-0999", code=2)


def test_a_recall_names_everybody_opens_work_once_and_closes_it_when_they_were_told(
    run, goods, somebody, study
):
    code = somebody.person.code
    delivered(run)
    run("supply", "dispense", "C05", 30, code, *HERE)
    run("supply", "returned", "C05", 4, code, *HERE)
    told = ("supply", "recall", "C05", "--told", code, "--because", "by phone; 12 come back")
    assert "no recall is open" in run(*told, code=2)
    (row,) = json.loads(run("supply", "recall", "C05", "--json"))
    assert row == {
        "participant": code, "given": "30", "may_be_left": "26", "last_on": "2026-03-02",
    }  # fmt: skip
    for _ in range(2):
        opened = run("supply", "recall", "C05", "--open")
        assert "1 people had lot C05, an item is open for each" in opened
    items = "SELECT kind, subject, closed_because FROM work_item WHERE kind = 'recall'"
    assert study.rows(items) == [("recall", "C05", None)]
    assert "say how they were told" in run("supply", "recall", "C05", "--told", code, code=2)
    run(*told)
    assert study.rows(items) == [("recall", "C05", "by phone; 12 come back")]
    assert "give one of them" in run("supply", "recall", "C05", "--open", "--told", code, code=2)


def test_a_count_is_kept_with_its_difference_and_work_stays_until_it_adds_up(
    run, goods, somebody, study
):
    code = somebody.person.code
    delivered(run)
    run("supply", "dispense", "C05", 30, code, *HERE)
    assert run("supply", "count", "C05", 70, *HERE) == (
        "70 units of C05 at S-01, 70 expected: it adds up\n"
    )
    assert "70 ought to be there; say what is known of it" in run(
        "supply", "count", "C05", 68, *HERE, code=2
    )
    why = ("--why", "not known")
    assert "70 expected: 2 missing" in run("supply", "count", "C05", 68, *HERE, *why)
    assert f"with {code}, 30 expected: 1 too many" in run(
        "supply", "count", "C05", 31, "--of", code, *why
    )
    for words, refused in (
        (("C05", 1), "say either"),
        (("C05", 1, "--at", "S-02"), "it was at S-01"),
        (("C05", -1, *HERE, *why), "count from 0"),
    ):
        assert refused in run("supply", "count", *words[2:], "--", *words[:2], code=2)
    assert study.rows("SELECT counted, expected FROM supply_count ORDER BY number") == [
        (70, 70), (68, 70), (31, 30),
    ]  # fmt: skip
    house = House(study.database, {})
    for _ in range(2):
        guarding.check_now(house)
    listed = run("work", "list", "--kind", "accountability")
    assert "the study  accountability: S-01: lot C05: 68 units were counted on 2026-03-02" in listed
    assert "1 items are open" in listed
    gone = ("--from", "shelf", "--witness", "bob", "--why", "missing at the count of 2 March")
    run("supply", "destroy", "C05", 2, *HERE, *gone)
    run("supply", "count", "C05", 68, *HERE)
    guarding.check_now(house)
    assert run("work", "list") == "nothing waits\n"
    closed = "SELECT participant_id, closed_because FROM work_item"
    assert study.rows(closed) == [(None, "it adds up now")]


def test_what_a_person_took_that_no_lot_explains_is_work_of_theirs_in_the_night(
    run, goods, somebody, study
):
    code = somebody.person.code
    delivered(run)
    run("supply", "dispense", "C05", 1, code, *HERE)
    somebody.order(once("0.5", TimeOfDay.EVENING, "cap"))
    somebody.took_each([0, 1])
    guarding.check_now(House(study.database, {}))
    (row,) = json.loads(run("work", "list", "--participant", code, "--json"))
    assert (row["participant"], row["kind"]) == (code, "accountability")
    assert row["reason"] == f"{code}: 0.5 mg were told as taken that were not dispensed"
    run("supply", "dispense", "C05", 1, code, *HERE)
    guarding.check_now(House(study.database, {}))
    assert run("work", "list") == "nothing waits\n"
