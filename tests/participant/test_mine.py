"""All that is held about oneself: counted on the page, and taken along as one file in one's own language."""

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.agreed import ACT, Trial
from tests.support.linked import beats, link, take_in

from hometrial import clock
from hometrial.participant import held
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.holding.tables import FILES
from hometrial.services.syncing import invitations
from hometrial_ingest.data_types import DataType


@pytest.fixture(scope="module")
def two(place):
    """Two people who signed, each with a watch and some minutes of pulse: (client, pseudonym) each."""
    with place.database.transaction("staff") as session:
        version = Trial(session, Keys.of(place.database.settings)).publish()
    people = [wear(place, version, pulse) for pulse in ([61, 62, 63], [91, 92, 93])]
    return [(come(place, path), code) for path, code in people]


def wear(place, version, pulse):
    """Return the way in, and the pseudonym, of somebody whose watch has sent this."""
    with place.database.transaction("staff") as session:
        act = replace(ACT, granted=(DataType.HEART_RATE,))
        trial = Trial(session, Keys.of(place.database.settings))
        person, _ = trial.signed(session.merge(version), act)
    place.sims.clock.advance(timedelta(hours=3))
    with place.database.transaction("worker") as session:
        account = link(session, session.merge(person))
        start = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
        take_in(session, account, beats(pulse, start))
        return f"/join/{invitations.invite(session, session.merge(person), 'test')}", person.code


def come(place, path):
    client = place.app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)[1]
    client.post(path, data={"csrf_token": token})
    client.set_cookie("look", "auto.20.0.en")
    return client


def unpacked(client):
    answer = client.get("/mine/everything.zip")
    assert answer.status_code == 200
    assert answer.mimetype == "application/zip"
    assert answer.headers["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as opened:
        return answer, {name: opened.read(name) for name in opened.namelist()}


def test_the_page_counts_what_there_is_with_its_days(two):
    page = two[0][0].get("/mine").text
    assert re.search(r"your pulse, day and night</dt>\s*<dd>Values: 3, \d+ \w+ 2026<", page)
    assert re.search(r"What you agreed to, and what you stopped</dt>\s*<dd>Entries: \d+, ", page)
    assert re.search(r"Your medicines</dt>\s*<dd>nothing<", page)


def test_the_file_holds_consent_watch_originals_and_nothing_of_another(two):
    (client, mine), (_, theirs) = two
    answer, files = unpacked(client)
    assert mine in answer.headers["Content-Disposition"]
    assert {f"{file}.csv" for file in FILES.values()} <= set(files)
    (copy,) = [name for name in files if name.startswith("consent/") and name.endswith(".pdf")]
    assert files[copy].startswith(b"%PDF-")
    (month,) = [name for name in files if name.startswith("samples/heart_rate/")]
    found = list(csv.DictReader(io.StringIO(files[month].decode())))
    assert [float(row["value"]) for row in found] == [61, 62, 63]
    assert {"at", "local_at", "value", "source", "device"} <= set(found[0])
    (original,) = [body for name, body in files.items() if name.startswith("originals/watch/")]
    assert b'"beatsPerMinute": "62"' in original
    assert b"9" + b'1"' not in original
    for name, body in files.items():
        assert theirs.encode() not in body, name


@pytest.mark.parametrize(
    ("language", "name", "says"),
    [
        ("en", "READ-ME-FIRST.txt", "What is not in here"),
        ("de", "BITTE-ZUERST-LESEN.txt", "Was hier nicht enthalten ist"),
    ],
)
def test_a_page_in_the_persons_language_comes_first_and_explains_every_file(
    two, language, name, says
):
    client = two[0][0]
    client.set_cookie("look", f"auto.20.0.{language}")
    _, files = unpacked(client)
    client.set_cookie("look", "auto.20.0.en")
    assert next(iter(files)) == name
    text = files[name].decode()
    assert says in text
    for file in files:
        folder = file.split("/")[0]
        explained = file in text or f"{folder}/:" in text or file.replace("\\", "").endswith(".txt")
        assert explained or file.endswith(".pdf"), file


def test_without_a_visit_there_is_neither_page_nor_file(place):
    stranger = place.app.test_client()
    assert stranger.get("/mine").status_code == 401
    assert stranger.get("/mine/everything.zip").status_code == 401


def test_while_a_file_is_being_made_no_second_one_is(two):
    client = two[0][0]
    first = client.get("/mine/everything.zip", buffered=False)
    next(first.iter_encoded())
    second = client.get("/mine/everything.zip")
    assert second.status_code == 409
    assert "being made already" in second.text
    first.close()
    assert unpacked(client)[0].status_code == 200


def test_every_file_is_explained():
    assert set(held._FILES) == {*FILES.values(), "questions/answers_in_words"}
    assert {name.split("/")[0] for name in FILES.values()} == set(held.FOLDERS)
