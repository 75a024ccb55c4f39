"""Reading Google Health: every page, the merged stream only where sources compete, daily totals."""

import json

import pytest
from tests.providers.conftest import Answer, captured, samples, window

from hometrial_ingest.provider import TryLaterError

WATCH = {
    "platform": "FITBIT",
    "recordingMethod": "PASSIVELY_MEASURED",
    "device": {"formFactor": "WATCH"},
}
PHONE = {"platform": "HEALTH_CONNECT", "device": {"formFactor": "PHONE"}}


def beat(source: dict | None, second: int) -> dict:
    time = {"physicalTime": f"2026-03-07T12:00:{second:02}Z", "utcOffset": "-18000s"}
    point = {"heartRate": {"sampleTime": time, "beatsPerMinute": "60"}}
    return point if source is None else {"dataSource": source, **point}


def page(points: list, token: str | None = None) -> Answer:
    body = {"dataPoints": points} | ({} if token is None else {"nextPageToken": token})
    return Answer(200, json.dumps(body).encode(), {"X-Request-Id": "r-7"})


def read(google, caller, name="heart_rate"):
    return list(google.pages(caller, google.streams[name], window()))


def names(pages) -> list[str]:
    return [page.name for page in pages]


def test_pages_are_read_until_the_token_is_gone_and_an_empty_one_is_no_end(google, caller, vendor):
    answers = [page([beat(WATCH, 2)], "b"), page([], "c"), page([beat(WATCH, 1)], "")]
    vendor.says(*answers)
    pages = read(google, caller)
    assert names(pages) == [f"heart_rate/list-00{number}.json" for number in (1, 2, 3)]
    assert [page.body for page in pages] == [answer.body for answer in answers]
    assert {page.request_id for page in pages} == {"r-7"}
    assert caller.calls == len(vendor.asked) == 3
    assert [samples(google.reader, each) for each in pages] == [
        {"heart_rate": 1}, {}, {"heart_rate": 1},
    ]  # fmt: skip


@pytest.mark.parametrize("empty", [b"{}", b'{"dataPoints": []}', b'{"nextPageToken": null}'])
def test_an_empty_reply_is_one_page_without_samples(google, caller, vendor, empty):
    vendor.says(Answer(200, empty))
    pages = read(google, caller)
    assert names(pages) == ["heart_rate/list-001.json"]
    assert samples(google.reader, pages[0]) == {}


def test_tokens_that_lead_round_in_a_circle_are_try_later(google, caller, vendor):
    vendor.says(page([], "a"), page([], "b"), page([], "a"))
    with pytest.raises(TryLaterError, match="never end"):
        read(google, caller)
    assert len(vendor.asked) == 3


def test_the_merged_stream_of_a_single_source_is_not_asked_for(google, caller, vendor):
    reworded = dict(reversed(WATCH.items()))
    vendor.says(page([beat(WATCH, 3), beat(reworded, 2)], "b"), page([beat(WATCH, 1)]))
    assert names(read(google, caller)) == ["heart_rate/list-001.json", "heart_rate/list-002.json"]


@pytest.mark.parametrize("other", [PHONE, None, {}, WATCH | {"recordingMethod": "MANUAL"}])
def test_two_sources_on_any_two_pages_make_the_merged_stream_be_read(google, caller, vendor, other):
    merged = [{"dataPointName": "x", **beat(None, 2)}]
    vendor.says(
        page([beat(WATCH, 3)], "b"), page([beat(other, 1)]), page(merged, "z"), page(merged)
    )
    pages = read(google, caller)
    assert names(pages)[2:] == ["heart_rate/reconcile-001.json", "heart_rate/reconcile-002.json"]
    assert vendor.targets[2] == vendor.targets[0].replace("dataPoints?", "dataPoints:reconcile?")
    assert samples(google.reader, pages[2]) == {"heart_rate": 1}


def test_steps_come_with_their_daily_totals(google, caller, vendor):
    listed = captured("google_health_v4/real_steps_list_page.json")
    totals = captured("google_health_v4/real_steps_dailyRollUp.json")

    def answer(asked):
        if "pageToken" in asked.target:
            return Answer()
        return Answer(200, totals if asked.method == "POST" else listed)

    vendor.script = answer
    pages = read(google, caller, "steps")
    assert pages[-1].name == "steps/daily-001.json"
    assert pages[-1].request.startswith("POST users/me/dataTypes/steps/dataPoints:dailyRollUp {")
    found = [samples(google.reader, each) for each in pages]
    assert set().union(*found) == {"steps", "steps_daily"}


REAL = {
    "heart_rate": "real_heart_rate_list_page",
    "sleep": "real_sleep_list_first_point",
    "oxygen_saturation_daily": "real_daily_spo2_list",
    "weight": "ha_weight",
    "resting_heart_rate": "ha_resting_heart_rate",
}


@pytest.mark.parametrize("name", REAL)
def test_a_captured_page_is_handed_on_byte_for_byte_and_its_reader_reads_it(
    google, caller, vendor, name
):
    body = captured(f"google_health_v4/{REAL[name]}.json")
    vendor.says(Answer(200, body), Answer())
    pages = read(google, caller, name)
    assert pages[0].body == body
    found = samples(google.reader, pages[0])
    assert found
    assert found.keys() <= google.streams[name].signals


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"code": 503}}',
        b'{"dataPoints": [], "error": {"code": 503}}',
        b'{"dataPoints": {}}',
        b'{"dataPoints": [1]}',
        b'{"dataPoints": [], "nextPageToken": 7}',
        b'{"dataPoints": [], "reconciledDataPoints": []}',
        b'{"somethingElse": []}',
        b'{"dataPoints": [{"dataSource": {"platform": "\xff"}}]}',
        b'{"dataPoints": [{"heartRate": Infinity}]}',
        b'\xef\xbb\xbf{"dataPoints": []}',
        b'{"dataPoints": []} {"dataPoints": []}',
        b"null",
    ],
)
def test_a_mangled_page_is_refused_with_one_named_error_and_never_passes_for_little_data(
    google, caller, vendor, body
):
    vendor.says(Answer(200, body))
    found = []
    with pytest.raises(TryLaterError):
        found += google.pages(caller, google.streams["heart_rate"], window())
    assert found == []


def test_a_fault_on_a_later_page_ends_the_read_in_an_error(google, caller, vendor):
    vendor.says(page([beat(WATCH, 2)], "b"), Answer(503, b""))
    found = []
    with pytest.raises(TryLaterError):
        found.extend(google.pages(caller, google.streams["heart_rate"], window()))
    assert len(found) == 1


def test_a_word_that_nobody_knows_yet_is_no_fault(google, caller, vendor):
    new = {"newField": {"a": 1}, **beat(WATCH | {"platform": "MOON"}, 1)}
    vendor.says(Answer(200, json.dumps({"dataPoints": [new], "newPart": 1}).encode()))
    assert samples(google.reader, read(google, caller)[0]) == {"heart_rate": 1}
