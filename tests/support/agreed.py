"""A trial that may be signed for, and people in it at any stage of their consent, for tests."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from hometrial.protocol import consent_text, loading
from hometrial.services import enrolling
from hometrial.services.agreeing import reading, signing, texts, understanding
from hometrial.services.agreeing.acts import Act
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.trial import following, publishing

NOON = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
"""Half past midnight of the next day in Berlin."""
APPROVED = (
    loading.shipped_text("ldn-mecfs")
    .replace("{registry: null, id: null}", "{registry: ISRCTN, id: ISRCTN00000000}")
    .replace("ethics_reference: null", 'ethics_reference: "EK 17/2026"')
)
ACT = Act(
    name="Zoë Müller",
    zone="Europe/Berlin",
    meaning="I agree to take part",
    reauthentication="passkey",
    identity_check="passport shown by video",
    discussed_with="dr-ada",
)
INVESTIGATOR = Act(
    name="Ada Byron",
    zone="Europe/London",
    meaning="I led the discussion and countersign",
    reauthentication="password and code",
    identity_check="staff register",
    discussed_with="dr-ada",
)


def filled(text):
    """Return a text as a sponsor completes it."""
    return re.sub(r"\[\[(.+?)\]\]", r"\1", text)


_START = APPROVED.index("    - id: main\n")
_END = APPROVED.index("    - id: main\n", _START + 1)
_OLD = APPROVED[_START:_END]


def revised(impact, affects, *, number="1.1.0", protocol="1.1.0", base=APPROVED):
    """Return the next version of the protocol, with a new version of the English document."""
    block = (
        _OLD.replace("version: 1.0.0", f"version: {number}")
        .replace("impact: none", f"impact: {impact}")
        .replace("affects: new", f"affects: {affects}")
    )
    at = base.index("  quiz:\n    questions: [may_stop")
    moved = base[:at] + block + base[at:]
    return moved.replace(base[base.index("version:") :].split("\n")[0], f"version: {protocol}", 1)


def dizzy(words):
    return filled(words).replace("headache, nausea.", "headache, nausea, dizziness.")


@dataclass
class Trial:
    """A study's session with what the acts of consent need."""

    session: object
    keys: Keys

    def publish(self, body=APPROVED, *, is_test=False, edit=filled):
        """Put a protocol into force with its texts."""
        version = publishing.load(self.session, body, "trial.yaml", by="ann", is_test=is_test)
        publishing.approve(self.session, version, by="bob", because="reviewed")
        publishing.publish(self.session, version)
        for document in publishing.of(version).consent.documents:
            words, quiz = consent_text.shipped(document)
            texts.keep(self.session, version, document, body=edit(words), quiz=quiz, by="ann")
        return version

    def person(self, version, zone="Europe/Berlin"):
        """Return somebody who follows a version."""
        person = enrolling.add_participant(self.session)
        enrolling.set_zone(self.session, person, zone, source="test")
        following.move(self.session, person, version)
        return person

    def offer(self, person, language="en"):
        """Return the one document that a person is asked to sign."""
        (offer,) = texts.offered(self.session, person, language)
        return offer

    def read(self, person, offer):
        """Have a person read what is left."""
        for section in reading.progress(self.session, person, offer).left:
            reading.read(self.session, person, offer, section)

    def answers(self, offer, **wrong):
        """Return right answers, but for those given."""
        return {each.id: each.right for each in offer.quiz.questions} | wrong

    def understand(self, person, offer):
        """Have a person read everything and answer right."""
        self.read(person, offer)
        return understanding.answer(self.session, person, offer, self.answers(offer))

    def sign(self, person, offer, act=ACT):
        """Have a person sign."""
        return signing.sign(self.session, self.keys, person, offer, act)

    def signed(self, version, act=ACT):
        """Return somebody who has signed, with their signature."""
        person = self.person(version)
        offer = self.offer(person)
        self.understand(person, offer)
        return person, self.sign(person, offer, act)
