"""The rules that pause a study, each on the smallest study in which it holds, and on the next smaller one."""

import pytest

from hometrial.protocol.safety import stopping
from hometrial.protocol.safety.details import Details
from hometrial.protocol.safety.stopping import Event, held

SERIOUS = {"serious": ("hospitalisation",), "related": True}
NOBODY = frozenset()


def study(*known, treated=NOBODY):
    events = [
        Event(f"P-{number:04d}", 1, Details(**details)) for number, details in enumerate(known, 1)
    ]
    return {each.rule: [str(event) for event in each.events] for each in held(events, treated)}


def people(count):
    return frozenset(f"P-{number:04d}" for number in range(1, count + 1))


def test_nothing_holds_of_a_study_without_events():
    assert study() == {}
    assert study({}, {"grade": 4}, {"serious": ("death",)}, treated=people(3)) == {}


@pytest.mark.parametrize("criterion", ["death", "life_threatening"])
def test_one_related_event_that_killed_or_nearly_did_is_enough(criterion):
    found = study({"serious": (criterion,), "related": True}, treated=people(20))
    assert found == {"related_fatal": ["P-0001/1"]}
    assert study({"serious": (criterion,), "related": False}, treated=people(20)) == {}


def test_two_related_serious_events_of_one_kind():
    twice = study(SERIOUS | {"term": "rash"}, SERIOUS | {"term": "rash"}, treated=people(20))
    assert twice == {"related_serious_of_one_kind": ["P-0001/1", "P-0002/1"]}
    assert study(SERIOUS | {"term": "rash"}, SERIOUS | {"term": "nausea"}, treated=people(20)) == {}
    assert study(SERIOUS, SERIOUS, treated=people(20)) == {}
    mild = {"term": "rash", "related": True}
    assert study(SERIOUS | {"term": "rash"}, mild, treated=people(20)) == {}


def test_the_coders_name_makes_one_kind_of_what_our_terms_keep_apart():
    events = [
        Event("P-0001", 1, Details(**SERIOUS, term="rash"), "Urticaria"),
        Event("P-0002", 1, Details(**SERIOUS), "Urticaria"),
    ]
    (only,) = held(events, people(20))
    assert only.said == "2 related serious events are Urticaria"
    both = [Event(each.person, 1, Details(**SERIOUS, term="rash"), "Urticaria") for each in events]
    assert len(held(both, people(20))) == 1


def test_liver_injury_by_hys_law_unless_it_was_judged_unrelated():
    liver = {"serious": ("medically_important",), "hys_law": True}
    assert study(liver, treated=people(9)) == {"liver": ["P-0001/1"]}
    assert study(liver | {"related": False}, treated=people(9)) == {}


def test_the_toxicity_bound_counts_people_and_not_events():
    toxic = {"grade": 3, "related": True}
    assert study(toxic, toxic, treated=people(3)) == {"toxicity_bound": ["P-0001/1", "P-0002/1"]}
    assert study(toxic, toxic, treated=people(4)) == {}
    twice = [Event("P-0001", number, Details(**toxic)) for number in (1, 2)]
    assert held(twice, people(3)) == ()


def test_who_stopped_the_drug_for_a_related_event_counts_as_well():
    stopped = {"grade": 2, "related": True, "action": "stopped_permanently"}
    assert "toxicity_bound" in study(stopped, stopped, treated=people(3))
    held_back = {"grade": 2, "related": True, "action": "held"}
    assert study(held_back, held_back, treated=people(3)) == {}
    assert study({"grade": 3}, {"grade": 3}, {"grade": 3}, treated=people(3)) == {}


def test_who_has_a_related_event_was_treated():
    toxic = {"grade": 3, "related": True}
    assert "toxicity_bound" in study(toxic, toxic)
    (only,) = held([Event(f"P-000{n}", 1, Details(**toxic)) for n in (1, 2, 3)], people(6))
    assert only.said.startswith("3 of 6 people treated")
    assert only.said.endswith("0.914")


def test_the_monitor_meets_after_6_12_and_24_people():
    rules = stopping.shipped()
    assert [rules.meetings_due(n) for n in (5, 6, 11, 12, 23, 24, 40)] == [0, 1, 1, 2, 2, 3, 3]
