"""What is sent, byte for byte: filters, bodies and paths, as wearables.md 1.7-1.9 and 2.1 have them."""

import json
from urllib.parse import unquote

import pytest
from tests.providers.conftest import ACCESS, Answer, window

from hometrial_ingest.data_types import DATA_TYPE_OF

NEW_YORK = window("2026-03-07", "2026-03-08")  # [2026-03-07T05:00Z, 2026-03-09T05:00Z)
_INSTANTS = '{0} >= "2026-03-06T05:00:00Z" AND {0} < "2026-03-10T05:00:00Z"'
_DAYS = '{0} >= "2026-03-07" AND {0} < "2026-03-09"'
FILTERS = {
    "heart_rate": ("heart-rate", _INSTANTS, "heart_rate.sample_time.physical_time"),
    "steps": ("steps", _INSTANTS, "steps.interval.start_time"),
    "distance": ("distance", _INSTANTS, "distance.interval.start_time"),
    "sleep": ("sleep", _INSTANTS, "sleep.interval.end_time"),
    "heart_rate_variability": (
        "heart-rate-variability", _INSTANTS, "heart_rate_variability.sample_time.physical_time",
    ),
    "oxygen_saturation": (
        "oxygen-saturation", _INSTANTS, "oxygen_saturation.sample_time.physical_time",
    ),
    "respiratory_rate": (
        "respiratory-rate-sleep-summary", _INSTANTS,
        "respiratory_rate_sleep_summary.sample_time.physical_time",
    ),
    "weight": ("weight", _INSTANTS, "weight.sample_time.physical_time"),
    "resting_heart_rate": ("daily-resting-heart-rate", _DAYS, "daily_resting_heart_rate.date"),
    "heart_rate_variability_daily": (
        "daily-heart-rate-variability", _DAYS, "daily_heart_rate_variability.date",
    ),
    "oxygen_saturation_daily": ("daily-oxygen-saturation", _DAYS, "daily_oxygen_saturation.date"),
    "respiratory_rate_daily": ("daily-respiratory-rate", _DAYS, "daily_respiratory_rate.date"),
    "skin_temperature_daily": (
        "daily-sleep-temperature-derivations", _DAYS, "daily_sleep_temperature_derivations.date",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_a_list_asks_for_a_stream_by_physical_time_with_a_days_margin(google, vendor, caller, name):
    data_type, template, member = FILTERS[name]
    pages = list(google.pages(caller, google.streams[name], NEW_YORK))
    size = "25" if name == "sleep" else "10000"
    path, _, query = vendor.asked[0].target.partition("?")
    assert path == f"/google/v4/users/me/dataTypes/{data_type}/dataPoints"
    assert unquote(query) == f"filter={template.format(member)}&pageSize={size}"
    assert pages[0].request.startswith(f"GET users/me/dataTypes/{data_type}/dataPoints filter=")


def test_a_filter_is_encoded_once_and_with_percents(google, vendor, caller):
    list(google.pages(caller, google.streams["resting_heart_rate"], NEW_YORK))
    assert vendor.targets == [
        "GET /google/v4/users/me/dataTypes/daily-resting-heart-rate/dataPoints"
        "?filter=daily_resting_heart_rate.date%20%3E%3D%20%222026-03-07%22%20AND%20"
        "daily_resting_heart_rate.date%20%3C%20%222026-03-09%22&pageSize=10000"
    ]


@pytest.mark.parametrize("name", ["steps", "distance"])
def test_daily_totals_are_asked_for_by_civil_days_nested_as_the_api_wants_them(
    google, vendor, caller, name
):
    list(google.pages(caller, google.streams[name], NEW_YORK))
    assert len(vendor.asked) == 2
    asked = vendor.asked[1]
    assert f"{asked.method} {asked.target}" == (
        f"POST /google/v4/users/me/dataTypes/{name}/dataPoints:dailyRollUp"
    )
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.body == (
        b'{"range":{"start":{"date":{"year":2026,"month":3,"day":7}},'
        b'"end":{"date":{"year":2026,"month":3,"day":9}}},"windowSizeDays":1,"pageSize":90}'
    )


def test_daily_totals_of_more_than_ninety_days_are_asked_for_in_pieces(google, vendor, caller):
    list(google.pages(caller, google.streams["steps"], window("2026-01-01", "2026-04-15")))
    ranges = [json.loads(asked.body)["range"] for asked in vendor.asked[1:]]
    days = [[tuple(bound["date"].values()) for bound in each.values()] for each in ranges]
    assert days == [[(2026, 1, 1), (2026, 4, 1)], [(2026, 4, 1), (2026, 4, 16)]]


def test_the_next_page_repeats_everything_and_adds_the_token(google, vendor, caller):
    vendor.says(
        Answer(200, b'{"dataPoints": [], "nextPageToken": "a/b+c="}'),
        Answer(200, b'{"rollupDataPoints": [], "nextPageToken": ""}'),
        Answer(200, b'{"rollupDataPoints": [], "nextPageToken": "next"}'),
        Answer(200, b"{}"),
    )
    list(google.pages(caller, google.streams["steps"], NEW_YORK))
    assert vendor.targets[1] == f"{vendor.targets[0]}&pageToken=a%2Fb%2Bc%3D"
    first, second = (json.loads(asked.body) for asked in vendor.asked[2:])
    assert second == first | {"pageToken": "next"}


def test_nothing_is_asked_for_outside_consent(google, vendor, caller):
    cut = window("2026-03-07", "2026-03-08", earliest="2026-03-07T15:30:00.25Z",
                 latest="2026-03-09T01:00:00.75Z")  # fmt: skip
    list(google.pages(caller, google.streams["heart_rate"], cut))
    assert '>= "2026-03-07T15:30:01Z"' in unquote(vendor.targets[0])
    assert '< "2026-03-09T01:00:00Z"' in unquote(vendor.targets[0])


def test_a_day_that_consent_cuts_has_no_daily_value(google, vendor, caller):
    cut = window("2026-03-07", "2026-03-10", earliest="2026-03-07T05:00:01Z",
                 latest="2026-03-10T05:00:00Z")  # fmt: skip
    list(google.pages(caller, google.streams["resting_heart_rate"], cut))
    list(google.pages(caller, google.streams["steps"], cut))
    assert 'date >= "2026-03-08" AND' in unquote(vendor.targets[0])
    assert 'date < "2026-03-10"' in unquote(vendor.targets[0])
    assert json.loads(vendor.asked[2].body)["range"] == {
        "start": {"date": {"year": 2026, "month": 3, "day": 8}},
        "end": {"date": {"year": 2026, "month": 3, "day": 10}},
    }


@pytest.mark.parametrize("name", FILTERS)
def test_a_window_without_consent_makes_no_call(google, vendor, caller, name):
    never = window("2026-03-07", earliest="2026-03-20T00:00Z", latest="2026-03-21T00:00Z")
    assert list(google.pages(caller, google.streams[name], never)) == []
    assert vendor.asked == []


FITBIT = {
    "heart_rate": [
        "GET /fitbit/1/user/-/activities/heart/date/2026-03-07/1d/1sec.json",
        "GET /fitbit/1/user/-/activities/heart/date/2026-03-08/1d/1sec.json",
    ],
    "steps": [
        "GET /fitbit/1/user/-/activities/steps/date/2026-03-07/1d/1min.json",
        "GET /fitbit/1/user/-/activities/steps/date/2026-03-08/1d/1min.json",
    ],
    "sleep": ["GET /fitbit/1.2/user/-/sleep/date/2026-03-07/2026-03-08.json"],
    "weight": ["GET /fitbit/1/user/-/body/log/weight/date/2026-03-07/2026-03-08.json"],
}
EMPTY = Answer(200, b'{"activities-heart": [], "activities-steps": [], "sleep": [], "weight": []}')


@pytest.mark.parametrize("name", FITBIT)
def test_fitbit_is_asked_in_metric_units_with_padded_days_and_our_token(
    fitbit, vendor, caller, name
):
    vendor.says(EMPTY)
    list(fitbit.pages(caller, fitbit.streams[name], NEW_YORK))
    assert vendor.targets == FITBIT[name]
    for asked in vendor.asked:
        assert asked.headers["Accept-Language"] == "en_UK"
        assert asked.headers["Authorization"] == f"Bearer {ACCESS}"


def test_fitbit_is_asked_for_the_consented_minutes_of_a_day_that_consent_cuts(
    fitbit, vendor, caller
):
    vendor.says(EMPTY)
    cut = window("2026-03-07", "2026-03-09", earliest="2026-03-07T15:30:01Z",
                 latest="2026-03-10T01:00:59Z")  # fmt: skip
    for name in ("heart_rate", "sleep"):
        list(fitbit.pages(caller, fitbit.streams[name], cut))
    assert [target.partition("/date/")[2] for target in vendor.targets] == [
        "2026-03-07/1d/1sec/time/10:31/23:59.json",
        "2026-03-08/1d/1sec.json",
        "2026-03-09/1d/1sec/time/00:00/19:59.json",
        "2026-03-08/2026-03-08.json",
    ]


def test_fitbit_is_asked_for_no_more_days_at_once_than_it_gives(fitbit, vendor, caller):
    vendor.says(EMPTY)
    list(fitbit.pages(caller, fitbit.streams["weight"], window("2026-01-01", "2026-02-01")))
    assert [target.partition("/date/")[2] for target in vendor.targets] == [
        "2026-01-01/2026-01-31.json",
        "2026-02-01/2026-02-01.json",
    ]


@pytest.mark.parametrize("cloud", ["google", "fitbit"])
def test_each_stream_is_under_its_own_name_and_under_one_consent_switch(cloud, request):
    provider = request.getfixturevalue(cloud)
    for name, stream in provider.streams.items():
        assert stream.name == name
        assert {DATA_TYPE_OF[signal] for signal in stream.signals} == {stream.data_type}
