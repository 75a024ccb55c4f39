"""No message, in any language, holds a word that tells an onlooker what is being studied."""

import re
from uuid import UUID

import pytest
from protocols import shipped

from hometrial.models.message import MESSAGE_KINDS
from hometrial.questionnaires import loading as questionnaires
from hometrial.services.messaging import wording
from hometrial.services.messaging.wording import LANGUAGES, Said

ALL = ("ldn-mecfs", "ldn-crohns", "ldn-ms", "ldn-case-series")
SITE = "https://study.example.org"
VALUES = {
    "minutes": "about 2 minutes",
    "until": "Tuesday",
    "day": "Tuesday",
    "since": "Monday",
    "code": "481 902",
    "meeting": "a video call",
    "level": "Red",
    "rule": "SI1",
    "about": "P-0001",
    "age": "35 min",
    "due": "2026-03-02 12:00",
}
NEVER = re.compile(
    r"naltrexon|\bldn\b|low.dose|mecfs|me/cfs|myalgi|enzephal|encephal|fatigue|fatig|crohn|bowel|darm|colitis|"
    r"sclerosis|sklerose|spasti|fibromyal|pain\b|schmerz|symptom|suicid|suizid|depress|anxiety|angst|side.?effect|"
    r"nebenwirkung|\bdos(e|is|es)\b|capsule|kapsel|tablet|medic|medikament|arznei|\bdrug|wirkstoff|placebo|"
    r"ill(ness)?\b|krank|patient|disease|clinical|klinisch|trial\b|\barm\b|random|questionnaire|fragebogen|diary|tagebuch",
    re.IGNORECASE,
)


def notes():
    for language in LANGUAGES:
        found = wording.words(language)
        for kind in found.notes:
            for meeting in found.meetings.values():
                values = VALUES | {"meeting": meeting}
                yield language, kind, wording.note(UUID(int=1), language, Said(kind, values), SITE)


def told(note):
    return f"{note.subject}\n{note.text}\n{note.html}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_names_disease_drug_or_form(language):
    for spoken, kind, note in notes():
        if spoken == language and kind not in (
            "alert",
            "overdue",
        ):  # those go to staff, by command names
            assert NEVER.search(told(note)) is None, (kind, NEVER.search(told(note)))


@pytest.mark.parametrize("name", ALL)
def test_no_title_label_or_arm_of_a_protocol_stands_in_a_message(name):
    protocol = shipped(name)
    words = {protocol.title, protocol.id, name}
    words |= {each.label for each in (*protocol.arms, *protocol.visits, *protocol.forms)}
    instruments = [each.instrument for each in protocol.forms if each.instrument]
    words |= set(instruments) | {each.id for each in protocol.forms}
    for each in instruments:
        words |= set(questionnaires.named(each).title.values())
    for _, kind, note in notes():
        found = [
            each
            for each in words
            if re.search(rf"\b{re.escape(each)}\b", told(note), re.IGNORECASE)
        ]
        assert found == [], kind


def test_every_language_says_all_that_any_language_says():
    first, *others = [wording.words(each) for each in LANGUAGES]
    for other in others:
        assert other.notes.keys() == first.notes.keys()
        assert other.meetings.keys() == first.meetings.keys()
        for kind, said in first.notes.items():
            names = [
                set(re.findall(r"\{(\w+)\}", " ".join([one.subject, *one.lines])))
                for one in (said, other.notes[kind])
            ]
            assert names[0] == names[1], kind
            assert len(said.lines) == len(other.notes[kind].lines)


def test_every_kind_of_message_has_words():
    spoken = set(wording.words("en").notes)
    assert {each for each in MESSAGE_KINDS if each != "watch"} <= spoken
    assert {"watch_quiet", "watch_reconnect"} <= spoken


def test_no_link_of_a_message_opens_anything_by_itself():
    for _, _, note in notes():
        links = set(re.findall(r"https?://[^\s\"<]+", told(note)))
        assert links <= {SITE, f"{SITE}/reminders"}


@pytest.mark.parametrize(
    ("count", "said"), [(0.2, "about 1 minute"), (1, "about 1 minute"), (1.1, "about 2 minutes")]
)
def test_minutes_are_never_less_than_said(count, said):
    assert wording.minutes("en", count) == said


def test_what_is_filled_in_cannot_become_markup():
    note = wording.note(UUID(int=1), "en", Said("code", {"code": "<b>1</b>"}), SITE)
    assert "<b>" not in note.html
