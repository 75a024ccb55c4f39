"""People on their way into a trial: a protocol in force, consent as rows, answers that make eligible."""

from datetime import date

from sqlalchemy import select

from hometrial import clock
from hometrial.models import ConsentSignature, ConsentText, Participant, QuizTry, WithdrawalChoice
from hometrial.protocol import loading
from hometrial.services.trial import answering, following, publishing, screening
from hometrial.services.trial.answering import Told

BODY = loading.shipped_text("ldn-mecfs")
ANSWERS = {
    "age": 41,
    "mecfs_criteria": "CCC2003",
    "illness_months": 60,
    "dsq_pem_symptoms": 5,
    "stable_medicine_days": 90,
    "mode_ok": True,
    "wear_ok": True,
    "can_become_pregnant": False,
    "opioid_ever": False,
    "opioid_expected": False,
    "maintenance_opioid_ever": False,
    "opioid_dependence": False,
    "surgery_planned": False,
    "alt_xuln": 0.8,
    "ast_xuln": 0.9,
    "liver_disease_severe": False,
    "egfr": 95,
    "pregnant": False,
    "planning_pregnancy": False,
    "breastfeeding": False,
    "naltrexone_ever": False,
    "allergy_naltrexone": False,
    "phq9_9": 0,
    "attempt_12_months": False,
    "psychosis": False,
    "other_trial_30_days": False,
    "substance_use_disorder": False,
    "excluding_condition": False,
    "me_severity": "moderate",
}
"""What makes a person eligible for the template, but for consent."""


def published(session, body=BODY, *, is_test=False):
    """Put a protocol into force."""
    version = publishing.load(session, body, "trial.yaml", by="ann", is_test=is_test)
    publishing.approve(session, version, by="bob", because="reviewed")
    publishing.publish(session, version)
    return version


def consent(session, person):
    """Have a person sign the main document, all questions answered right."""
    version = following.version_of(session, person)
    words = session.scalars(
        select(ConsentText).where(
            ConsentText.protocol == version.protocol, ConsentText.is_test == version.is_test
        )
    ).first()
    if words is None:
        words = _words(session, version)
    now = clock.now()
    session.add(
        QuizTry(
            participant_id=person.id,
            text_id=words.id,
            number=1,
            answers={},
            wrong=[],
            is_passed=True,
            answered_at=now,
        )
    )
    session.add(
        ConsentSignature(
            participant_id=person.id,
            text_id=words.id,
            protocol=words.protocol,
            document=words.document,
            version=words.version,
            protocol_version_id=version.id,
            part="participant",
            countersigns=None,
            signer=person.code,
            role="self",
            kind="electronic",
            signed_at=now,
            zone="Europe/Berlin",
            meaning="consent",
            reauthentication="code",
            identity_check="video",
            discussed_with="dr",
            granted=[],
            statement=b"signed",
            sha256="0" * 64,
            seal="0" * 64,
        )
    )
    session.flush()


def _words(session, version):
    words = ConsentText(
        protocol=version.protocol,
        is_test=version.is_test,
        document="main",
        version="1.0.0",
        language="en",
        body="words",
        sha256="0" * 64,
        quiz="quiz",
        quiz_sha256="0" * 64,
        kept_at=clock.now(),
        kept_by="ann",
    )
    session.add(words)
    session.flush()
    return words


def withdraw(session, person):
    """Have a person withdraw completely."""
    session.add(
        WithdrawalChoice(
            participant_id=person.id,
            choice="withdraw_completely",
            takes_back=None,
            decided_at=clock.now(),
            reason=None,
            by=person.code,
            role="self",
            receipt=[],
        )
    )
    session.flush()


def eligible(session, version, **answers):
    """Return a new person with a locked, eligible screening, at the end of the run-in."""
    opened = screening.open_screening(session, version, by="ann")
    person = session.get_one(Participant, opened.participant_id)
    consent(session, person)
    answering.answer(session, opened, {**ANSWERS, **answers}, Told("ann"))
    screening.decide(session, opened, by="ann")
    following.anchor(session, person, "consent", date(2026, 3, 2), because="signed")
    following.anchor(session, person, "run_in_end", date(2026, 3, 29), because="over")
    return person
