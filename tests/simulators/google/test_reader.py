"""Our own reader over the doubles' pages: nothing unreadable, and every sample as in the truth."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO

import numpy as np
import pytest

from hometrial_ingest.readers import READERS
from hometrial_ingest.signals import Signal
from hometrial_ingest.simulators.google.catalogue import MODELLED

READER = READERS["google-health"]
SIGNAL = {
    "heart-rate": Signal.HEART_RATE,
    "steps": Signal.STEPS,
    "distance": Signal.DISTANCE,
    "sleep": Signal.SLEEP_SESSION,
    "weight": Signal.WEIGHT,
    "heart-rate-variability": Signal.HRV_RMSSD,
    "oxygen-saturation": Signal.OXYGEN_SATURATION,
    "respiratory-rate-sleep-summary": Signal.RESPIRATORY_RATE,
    "daily-resting-heart-rate": Signal.RESTING_HEART_RATE,
    "daily-heart-rate-variability": Signal.HRV_RMSSD_DAILY,
    "daily-oxygen-saturation": Signal.OXYGEN_SATURATION_DAILY,
    "daily-respiratory-rate": Signal.RESPIRATORY_RATE_DAILY,
    "daily-sleep-temperature-derivations": Signal.SKIN_TEMPERATURE_DAILY,
}


@dataclass
class File:
    body: bytes
    path: str = "page.json"

    @property
    def size(self):
        return len(self.body)

    def open(self):
        return BytesIO(self.body)


def read(client, data_type, method=""):
    """Read all pages; return the frames' tables by signal, newest sample first."""
    tables, query = {}, {"pageSize": 10_000}
    while True:
        reply = client.get(f"dataTypes/{data_type}/dataPoints{method}", **query)
        file = File(reply.content)
        assert READER.keeps(file)
        READER.check(file, "page")
        for segment in READER.read(file, "page"):
            assert segment.unreadable == []
            for frame in segment.frames:
                tables.setdefault(frame.signal, []).append(frame.table)
        query["pageToken"] = reply.json().get("nextPageToken")
        if not query["pageToken"]:
            return tables


def column(tables, name):
    return [value for table in tables for value in table[name].to_pylist()]


@pytest.mark.parametrize("method", ["", ":reconcile"])
@pytest.mark.parametrize("data_type", sorted(MODELLED))
@pytest.mark.parametrize("person", [1, 2, 3])
def test_the_reader_finds_the_truth_to_the_sample(sims, client, person, data_type, method):
    tables = read(client(person), data_type, method).get(SIGNAL[data_type], [])
    truth = sims.truth.records(person, data_type, merged=bool(method))
    assert len(column(tables, "row")) == len(truth)
    backwards = np.arange(len(truth))[::-1].tolist()
    daily = data_type.startswith("daily")
    for name in ("local", "duration") if daily else ("at", "local", "offset", "duration"):
        expected = getattr(truth, name)[backwards].tolist()
        assert column(tables, name) == expected, name
    for name in ("source", "device"):
        found = getattr(truth, name)
        assert column(tables, name) == [found[place] for place in backwards]
    values = [np.nan if value is None else value for value in column(tables, "value")]
    assert np.allclose(values, truth.value[::-1], atol=0.0006, equal_nan=True)
    if data_type == "sleep":
        assert column(tables, "session") == [truth.ids[place] for place in backwards]


def test_the_reader_finds_every_stage(sims, client):
    tables = read(client(5), "sleep")
    stages = tables[Signal.SLEEP_STAGE]
    nights = sims.truth.records(5, "sleep").nights
    found = set(
        zip(*(column(stages, n) for n in ("session", "at", "code", "overlay")), strict=True)
    )
    assert found == {
        (night.id, stage.starts_at * 1_000_000, stage.code, overlay)
        for night in nights
        for overlay, own in ((False, night.stages), (True, night.awakenings))
        for stage in own
    }
    assert len(found) > 500


@pytest.mark.parametrize("switch", ["unknown_fields", "no_third_party_offsets", "preview_names"])
def test_the_reader_stands_what_may_come(sims, client, switch):
    setattr(sims.faults.google, switch, True)
    for data_type in ("steps", "sleep", "heart-rate"):
        assert read(client(2), data_type)
        assert read(client(2), data_type, ":reconcile")


def test_the_reader_takes_daily_totals(sims, client):
    parts = [{"date": {"year": 2026, "month": 3, "day": day}} for day in (1, 20)]
    body = {"range": {"start": parts[0], "end": parts[1]}}
    reply = client(4).post("dataTypes/steps/dataPoints:dailyRollUp", body)
    (segment,) = READER.read(File(reply.content), "page")
    (frame,) = segment.frames
    assert frame.signal == Signal.STEPS_DAILY
    for local, value in zip(frame.table["local"].to_pylist(), frame.table["value"], strict=True):
        day = date.fromordinal(date(1970, 1, 1).toordinal() + local // 86_400_000_000)
        assert value.as_py() == sims.truth.daily_total(4, "steps", day)
    assert datetime.fromtimestamp(0, UTC).year == 1970
