"""A person in the middle of a trial, with forms to fill in."""

from datetime import UTC, datetime

from hometrial.models import Participant
from hometrial.protocol import loading
from hometrial.services import enrolling
from hometrial.services.asking.opening import Manner
from hometrial.services.trial import following, publishing

ZONE = "Europe/Berlin"
MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
SCREENING = "V0#1"
SELF = Manner(by="participant", language="en", device={"screen": "320x640"})
STAFF = Manner(by="ann", language="en", is_staff=True, mode="interview", because="told by phone")


def in_trial(session, protocol="ldn-mecfs", zone=ZONE, **anchors) -> Participant:
    """Return a new person of a shipped protocol, with the days of their trial that are known."""
    version = publishing.in_force(session, protocol)
    if version is None:
        version = publishing.load(session, loading.shipped_text(protocol), "t.yaml", by="ann")
        publishing.approve(session, version, by="bob", because="reviewed")
        publishing.publish(session, version)
    person = enrolling.add_participant(session)
    enrolling.set_zone(session, person, zone, source="test")
    following.move(session, person, version)
    for name, day in anchors.items():
        following.anchor(session, person, name, day, because="test")
    return person
