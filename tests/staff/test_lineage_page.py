"""The page that walks a value back: its form, its ladder, its refusals, and who sees what of it."""

import html
import re

import pyarrow.parquet as pq
import pytest
import signed_in
import worked
import worn

from hometrial.services.locking import making
from hometrial.services.locking.wanted import new_lock, wanted
from hometrial.staff import create_app

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def place(shared_study, tmp_path_factory):
    """A study with a lock, and its site."""
    folder = tmp_path_factory.mktemp("worn")
    with worn.told(folder) as set_clock:
        worn.fill(shared_study, folder, set_clock)
        worn.live(shared_study, set_clock)
        for name in ("L1", "L2"):
            making.make(
                shared_study.database,
                new_lock(name, "interim", "a test", wanted(("csv",))),
                folder / name,
                "ann",
            )
        worked.out(shared_study.database, "lineage", 1)
        yield create_app(shared_study.database), shared_study


def _page(place, role, **asked):
    app, study = place
    browser = signed_in.client(app, study.database, role, [role])
    return browser.get("/exports/lineage", query_string=asked)


def test_the_ladder_goes_from_the_cell_to_the_bytes_and_the_consent(place):
    found = _page(place, "statistician", lock="L1", data_set="VS", row=7, variable="VSORRES")
    assert found.status_code == 200
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.text))
    order = ["VS, row 7, VSORRES", "Rule ", "Chunk P-0001/", "Batch of fitabase", "Verdict heart_rate:2",
             "Payload of fitabase", "at byte", "Id,Time,Value", "Device:", "Consent main 1.0.0, signed"]  # fmt: skip
    places = [shown.index(each) for each in order]
    assert places == sorted(places)


def test_an_empty_result_says_why(place):
    kept = place[1].database.settings.home
    path = next(kept.rglob("VS.parquet"))  # both locks hold the same
    reasons = pq.read_table(path, columns=["VSREASND"])["VSREASND"].to_pylist()
    row = next(number for number, each in enumerate(reasons, start=1) if each)
    found = _page(place, "statistician", lock="L1", data_set="VS", row=row, variable="VSORRES")
    assert f'<p class="value">(empty): {html.escape(reasons[row - 1])}</p>' in found.text


def test_a_record_is_traced_by_its_name_too(place):
    found = _page(place, "monitor", record="daily_metric/P-0003/2026-03-06/steps")
    assert "beatsPerMinute" not in found.text
    assert "&#34;steps&#34;" in found.text
    assert "Charge 6" in found.text


def test_who_may_not_see_the_history_sees_no_changes_of_a_record(place):
    _, study = place
    event = study.one("SELECT id FROM adverse_event ORDER BY number LIMIT 1")
    monitor = _page(place, "monitor", record=f"adverse_event/{event}").text
    statistician = _page(place, "statistician", record=f"adverse_event/{event}").text
    assert "headache after the rise" in monitor
    assert "headache after the rise" not in statistician
    assert "for those who may see the history" in statistician


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"lock": "L9", "data_set": "VS", "row": "1", "variable": "X"}, "no lock is called L9"),
        ({"lock": "L1", "data_set": "VS", "row": "1", "variable": "X"}, "VS has no variable X"),
        ({"record": "nonsense"}, "write TABLE/ID"),
        ({"record": "daily_metric/P-0099/2026-03-06/steps"}, "there is no participant"),
    ],
)
def test_what_there_is_not_is_told_and_nothing_is_drawn(place, asked, said):
    found = _page(place, "statistician", **asked)
    assert (found.status_code, said in found.text) == (422, True)
    assert "ladder" not in found.text


def test_the_first_who_asks_of_a_lock_waits_for_a_worker_and_then_sees_the_cell(place):
    asked = {"lock": "L2", "data_set": "ADSL", "row": "1", "variable": "USUBJID"}
    first = _page(place, "statistician", **asked).text
    assert "waits for a worker" in first
    assert "ladder" not in first
    app, study = place
    follow = html.unescape(re.search(r'data-live="([^"]+)"', first)[1])
    browser = signed_in.client(app, study.database, "statistician", ["statistician"])
    assert "data-busy" in browser.get(follow).text
    worked.out(study.database, "lineage", 2)
    assert "data-done" in browser.get(follow).text
    assert "ladder" in _page(place, "statistician", **asked).text
    coordinator = signed_in.client(app, study.database, "coordinator", ["coordinator"])
    assert coordinator.get(follow).status_code == 404


def test_a_row_that_is_no_number_is_refused(place):
    found = _page(place, "statistician", lock="L1", data_set="VS", row="x", variable="VSORRES")
    assert found.status_code == 400


def test_the_empty_page_asks_for_a_cell(place):
    assert 'name="variable"' in _page(place, "statistician").text


def test_who_may_not_see_locks_traces_records_alone(place):
    asked = {"lock": "L1", "data_set": "VS", "row": "7", "variable": "VSORRES"}
    found = _page(place, "coordinator", **asked)
    assert (found.status_code, 'name="lock"' in found.text, "ladder" in found.text) == (
        200,
        False,
        False,
    )
    assert (
        "Charge 6"
        in _page(place, "coordinator", record="daily_metric/P-0003/2026-03-06/steps").text
    )
