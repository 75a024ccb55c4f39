"""The synthetic twin of a study: the same everywhere, whole, and consistent in itself."""

import hashlib
import os
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest
from protocols import shipped
from twins import METRICS, bodies, setting, twin

from hometrial.errors import ExportRefusedError
from hometrial.exports.source.reading import kept, read
from hometrial.exports.source.tables import TABLES
from hometrial.exports.twin import making
from hometrial.exports.twin.setting import Setting
from hometrial.protocol.calendar import visits_due
from hometrial.protocol.eligibility import Standing, judge
from hometrial.protocol.loading import shipped_text
from hometrial.questionnaires import loading as questionnaires
from hometrial.questionnaires.scoring import score

pytestmark = pytest.mark.long

PROTOCOLS = ("ldn-mecfs", "ldn-ms", "ldn-crohns", "ldn-case-series")
WEARABLE = {
    "device", "daily_metric", "data_day", "gap", "chunk", "batch", "verdict", "quarantined", "consent_event",
}  # fmt: skip
OUTSIDE = (
    "import hashlib, twins\n"
    "from hometrial.exports.source.reading import kept\n"
    "for name, body in kept(twins.twin('ldn-mecfs', 3)):\n"
    "    print(name, hashlib.sha256(body).hexdigest())\n"
)


def digests(source):
    return {name: hashlib.sha256(body).hexdigest() for name, body in kept(source)}


def day_of(local):
    return datetime.fromisoformat(local).date()


@pytest.fixture(params=PROTOCOLS)
def source(request):
    return twin(request.param)


def test_the_same_seed_makes_the_same_bytes_in_another_locale_zone_and_hash_seed():
    support = Path(__file__).parents[1] / "support"
    env = {
        **os.environ,
        "PYTHONHASHSEED": "4711",
        "TZ": "Pacific/Chatham",
        "LC_ALL": "tr_TR.UTF-8",
        "PYTHONPATH": str(support),
    }
    done = subprocess.run(
        [sys.executable, "-c", OUTSIDE], env=env, capture_output=True, text=True, check=True
    )
    there = dict(line.split() for line in done.stdout.splitlines())
    assert there == digests(twin("ldn-mecfs", 3))


def test_another_seed_makes_other_people():
    one, other = digests(twin("ldn-mecfs", 3)), digests(twin("ldn-mecfs", 3, seed=8))
    same = {name for name in one if one[name] == other[name]}
    assert same <= {"instrument", "site"} | {
        each.name for each in TABLES if not twin("ldn-mecfs", 3).table(each.name).num_rows
    }


def test_one_more_person_changes_nobody():
    few, more = twin("ldn-mecfs", 3), twin("ldn-mecfs", 6)
    for each in TABLES:
        if "participant" in few.table(each.name).column_names:
            there = more.table(each.name)
            wanted = pc.is_in(there["participant"], few.table("participant")["id"])
            assert there.filter(wanted).equals(few.table(each.name)), each.name


def test_every_table_has_rows_where_the_protocol_asks_for_them(source):
    protocol = source.protocol
    absent = {"free_answer"}
    if protocol.allocation.method == "not_allocated":
        absent.add("allocation")
    if not protocol.consent.data_types:
        absent |= WEARABLE
    if not any(each.filled_by == "laboratory" for each in protocol.forms):
        absent.add("laboratory")
    empty = {each.name for each in TABLES if not source.table(each.name).num_rows}
    assert empty <= absent


def test_it_reads_back_as_it_was_kept(source):
    again = read(dict(kept(source)))
    assert all(again.table(each.name).equals(source.table(each.name)) for each in TABLES)


def test_ids_are_unique_and_every_person_is_in_the_list(source):
    people = set(source.people)
    for each in TABLES:
        ids = source.table(each.name)["id"].to_pylist()
        assert len(ids) == len(set(ids)), each.name
        if "participant" in source.table(each.name).column_names:
            assert set(source.table(each.name)["participant"].to_pylist()) <= people


def test_nothing_but_protocol_and_questionnaires_goes_in():
    fields = set(Setting.__dataclass_fields__)
    assert fields == {"protocol", "body", "instruments", "metrics", "seed", "until"}
    assert all(code > "P-90000" for code in twin("ldn-mecfs").people)


def test_people_show_every_way_through_a_study(source):
    status = {row["id"]: row["status"] for row in source.rows("participant")}
    assert sorted(status.values()) == [
        "enrolled", "enrolled", "lost_to_follow_up", "screen_failure", "withdrawn", "withdrawn",
    ]  # fmt: skip
    anchors = {(row["participant"], row["anchor"]) for row in source.rows("anchor")}
    enrolled = [code for code, each in status.items() if each == "enrolled"]
    assert {(code, "last_dose") in anchors for code in enrolled} == {True, False}
    withdrawn = [code for code, each in status.items() if each == "withdrawn"]
    assert {(code, "first_dose") in anchors for code in withdrawn} == {True, False}


def test_the_answers_of_screening_decide_as_the_screening_says(source):
    protocol = source.protocol
    kinds = {each.id: each.type for each in protocol.variables}
    for row in source.rows("screening"):
        said = {
            each["variable"]: each["number"]
            if kinds[each["variable"]] == "number"
            else each["value"] == "true"
            if kinds[each["variable"]] == "yes_no"
            else each["value"]
            for each in source.rows("screening_answer")
            if each["screening"] == row["id"]
        }
        found = judge(protocol.eligibility, protocol.variables, said)
        assert (found.standing is Standing.ELIGIBLE) == (row["outcome"] == "eligible")
        failed = row["failing"].split("; ") if row["failing"] else []
        assert [each.id for each in found.failing] == failed


def test_every_dose_comes_after_consent_and_fits_what_was_ordered(source):
    consent = {
        r["participant"]: r["day"] for r in source.rows("anchor") if r["anchor"] == "consent"
    }
    end = {r["participant"]: r["day"] for r in source.rows("anchor") if r["anchor"] == "last_dose"}
    day = {(row["participant"], row["day"]): row for row in source.rows("dose_day")}
    for row in source.rows("anchor"):
        if row["anchor"] == "first_dose":
            assert day[row["participant"], row["day"]]["status"] == "taken"
    most = max(each.absolute_max_mg_day for each in source.protocol.titrations)
    told = {}
    for row in source.rows("intake"):
        planned = day[row["participant"], row["day"]]
        assert consent[row["participant"]] < row["day"] <= end.get(row["participant"], date.max)
        assert planned["mg_planned"] > 0
        assert row["taken"] == (row["at"] is not None) == (row["mg"] > 0)
        assert (row["reason"] is None) == row["taken"]
        key = (row["participant"], row["day"])
        told[key] = told.get(key, 0) + row["mg"]
    for key, row in day.items():
        assert row["mg_least"] == pytest.approx(told.get(key, 0))
        assert row["mg_least"] <= row["mg_most"] <= row["mg_planned"] <= most
        assert (row["status"] == "unknown") == (row["mg_least"] < row["mg_most"])


def test_every_order_follows_from_the_one_before_and_gives_a_dose_that_can_be_made(source):
    formulations = {each.id: each for each in source.protocol.formulations}
    for rows in source.by_person("dose_order").values():
        rows = sorted(rows, key=lambda row: row["number"])
        assert rows[0]["kind"] == "start"
        before = None
        for row in rows:
            assert before is None or before["day"] < row["day"]
            if row["mg"] is not None:
                assert formulations[row["formulation"]].makes(row["mg"] / row["times_a_day"])
            if row["kind"] == "step up":
                assert row["step"] == before["step"] + 1
                assert row["mg"] > before["mg"]
            if row["kind"] == "step down":
                assert row["mg"] < before["mg"]
            if row["kind"] in ("hold", "stop for good", "withdraw"):
                assert row["mg"] is None
            before = row


def test_every_day_with_data_is_in_an_epoch_and_no_later_than_the_end(source):
    epochs = source.by_person("epoch")
    anchors = {(row["participant"], row["anchor"]): row["day"] for row in source.rows("anchor")}
    for table in ("data_day", "dose_day"):
        for row in source.rows(table):
            inside = [
                each
                for each in epochs[row["participant"]]
                if each["first"] <= row["day"] <= (each["last"] or date.max)
            ]
            drawn = anchors.get((row["participant"], "randomisation"))
            # Who leaves on the day of randomisation was in no epoch that day: the next one never began.
            is_between = row["day"] == drawn == anchors.get((row["participant"], "withdrawal"))
            assert len(inside) == 1 or (not inside and is_between), row


def test_days_of_the_drug_end_before_the_order_that_ends_it(source):
    ends = {
        row["participant"]: row["day"]
        for row in source.rows("dose_order")
        if row["kind"] in ("stop for good", "withdraw")
    }
    assert ends
    for row in source.rows("dose_day"):
        assert row["day"] < ends.get(row["participant"], date.max)


def test_nothing_happens_after_somebody_has_left(source):
    left = {r["participant"]: day_of(r["decided"]) for r in source.rows("withdrawal")}
    told = (("response", "opened"), ("intake", "at"), ("adverse_event", "learned"), ("dose_order", "ordered"))  # fmt: skip
    for table, column in told:
        for row in source.rows(table):
            if row[column] and row["participant"] in left:
                assert day_of(row[column]) <= left[row["participant"]]
    for row in source.rows("anchor"):
        assert row["day"] <= left.get(row["participant"], date.max)


def test_visits_are_those_of_the_calendar_and_baseline_comes_before_the_drug(source):
    protocol = source.protocol
    arms = {row["participant"]: row["arm"] for row in source.rows("allocation")}
    for code, rows in source.by_person("visit").items():
        anchors = {r["anchor"]: r["day"] for r in source.by_person("anchor")[code]}
        due = {
            (each.visit, each.number): each.due
            for each in visits_due(protocol, arms.get(code, protocol.arms[0].id), anchors)
        }
        for row in rows:
            assert (row["outcome"] == "held") == (row["day"] is not None)
            if row["due"] is not None:
                assert due[row["visit"], row["number"]] == row["due"]
            first = anchors.get("first_dose")
            if row["day"] and row["due"] and first and row["due"] < first:
                assert row["day"] < first


def test_scores_are_those_of_the_answers_that_stand(source):
    answers = {}
    for row in source.rows("item"):
        if row["value"] is not None:
            instrument = questionnaires.named(row["instrument"])
            words = instrument.item(row["item"]).type in ("date", "time")
            whole = instrument.item(row["item"]).type != "decimal"
            value = row["value"] if words else int(row["number"]) if whole else row["number"]
            answers.setdefault((row["response"], row["instrument"]), {})[row["item"]] = value
    scores = {}
    for row in source.rows("score"):
        key = (row["response"], row["instrument"])
        if key not in scores:
            scores[key] = score(
                questionnaires.named(row["instrument"]), answers.get(key, {})
            ).scores
        assert scores[key][row["score"]] == row["value"]


def test_what_is_blank_says_why_and_what_is_hidden_was_not_asked(source):
    for row in source.rows("item"):
        assert (row["value"] is None) == (row["skipped"] is not None)
        assert (row["skipped"] is None) == (row["skip_reason"] is None)
        assert (row["skipped"] == "not_asked") == (row["answered"] is None)


def test_adverse_events_are_as_they_can_be(source):
    rows = source.rows("adverse_event")
    assert {row["severity"] for row in rows} == {"mild", "moderate", "severe"}
    assert {row["related"] for row in rows} == {True, False, None}
    assert [row["outcome"] for row in rows if row["serious"]] == ["recovered"]
    assert any(row["ongoing"] for row in rows)
    assert any(len(row["start"]) == 7 for row in rows)
    for row in rows:
        if row["stop"] and len(row["start"]) == 10:
            assert row["start"] <= row["stop"]
        assert not (row["ongoing"] and row["stop"])


def test_long_words_in_other_scripts_with_quotes_and_new_lines_are_there(source):
    words = [
        row[field]
        for table, field in (("adverse_event", "verbatim"), ("deviation", "description"), ("withdrawal", "reason"))
        for row in source.rows(table)
        if row[field]
    ]  # fmt: skip
    long = [each for each in words if len(each.encode()) > 200]
    assert len(long) >= 3
    assert all('"' in each and "\n" in each and not each.isascii() for each in long)


def test_the_wearable_shows_what_goes_wrong_with_wearables():
    source = twin("ldn-mecfs")
    assert {len(rows) for rows in source.by_person("device").values()} == {1, 2}
    assert {row["cause"] for row in source.rows("gap")} == {"token_dead", "not_worn"}
    assert {row["status"] for row in source.rows("data_day")} == {"final", "provisional", "none"}
    assert {row["status"] for row in source.rows("quarantined")} == {"open", "confirmed"}
    assert {row["status"] for row in source.rows("query")} == {"open", "closed"}
    bedbound = {r["participant"] for r in source.rows("daily_metric") if r["metric"] == "steps" and r["value"] < 100}  # fmt: skip
    valid = [
        row["value"]
        for row in source.rows("daily_metric")
        if row["metric"] == "valid_day" and row["participant"] in bedbound
    ]
    assert len(bedbound) == 1
    assert sum(valid) / len(valid) > 0.85
    for row in source.rows("batch"):
        parts = ("accepted", "duplicate", "quarantined", "unreadable", "not_consented")
        assert row["rows_read"] == sum(row[f"rows_{part}"] for part in parts)


def test_a_journey_and_summer_time_change_the_offset_of_a_wall_clock():
    offsets = {}
    for row in twin("ldn-mecfs").rows("data_day"):
        if row["main_sleep_end"]:
            offset = datetime.fromisoformat(row["main_sleep_end"]).utcoffset()
            offsets.setdefault(row["participant"], set()).add(offset)
    hours = {code: {each / timedelta(hours=1) for each in found} for code, found in offsets.items()}
    assert -5 in hours["P-90001"]
    assert {0, 1} <= hours["P-90002"]


def test_a_long_series_reaches_two_doses_a_day():
    times = {row["times_a_day"] for row in twin("ldn-case-series").rows("dose_order")}
    assert times == {None, 1, 2}
    assert {row["formulation"] for row in twin("ldn-case-series").rows("dose_order")} >= {
        "cap",
        "liq",
    }


def test_the_drug_goes_up_down_on_hold_out_and_on_again():
    kinds = {row["kind"] for row in twin("ldn-mecfs").rows("dose_order")}
    assert kinds == {
        "start", "step up", "step down", "hold", "resume", "restart", "stop for good", "withdraw",
    }  # fmt: skip
    assert {row["reason"] for row in twin("ldn-mecfs").rows("dose_day")} >= {
        None,
        "ran_out",
        "forgot",
    }
    assert {row["move"] for row in twin("ldn-mecfs").rows("supply")} == {"dispensed", "returned"}


def test_what_is_below_detection_has_no_value():
    rows = twin("ldn-mecfs", 12).rows("laboratory")
    assert any(row["below"] for row in rows)
    assert all((row["value"] is None) != (row["below"] is None) for row in rows)


def test_a_twin_without_people_is_refused():
    with pytest.raises(ExportRefusedError, match="people: 0"):
        making.twin(setting("ldn-mecfs"), 0)


def test_instruments_may_come_as_yaml_too():
    names = bodies("ldn-ms")
    folder = Path(questionnaires.__file__).parent / "instruments"
    written = {name: (folder / f"{name}.yaml").read_text("utf-8") for name in names}
    text = shipped_text("ldn-ms")
    made = making.twin(Setting(shipped("ldn-ms"), text, written, METRICS, 7), 1)
    assert made.table("item").equals(twin("ldn-ms", 1).table("item"))


def test_a_protocol_without_a_run_in_has_a_twin_too():
    protocol = shipped("ldn-ms")
    epochs = tuple(each for each in protocol.epochs if each.id != "run_in")
    visits = tuple(each for each in protocol.visits if each.anchor != "run_in_end")
    bare = protocol.model_copy(update={"epochs": epochs, "visits": visits})
    made = making.twin(Setting(bare, "", bodies("ldn-ms"), METRICS, 7), 6)
    assert {row["anchor"] for row in made.rows("anchor")} == {
        "consent", "first_dose", "last_dose", "withdrawal",
    }  # fmt: skip
    assert made.table("dose_day").num_rows > 0
