"""A signature holds what was signed, by whom, when and how, and any byte that changes afterwards is found."""

from dataclasses import replace
from datetime import date, timedelta
from threading import Thread

import pytest
from agreed import ACT, APPROVED, INVESTIGATOR, NOON, Trial
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from hometrial import clock
from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import ConsentSignature, ConsentText
from hometrial.protocol import loading
from hometrial.services import consenting
from hometrial.services.agreeing import sealing, signing, standing, texts
from hometrial.services.agreeing.acts import Helper
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.agreeing.signing import SignatureRefusedError
from hometrial.services.trial import following, screening
from hometrial_ingest.data_types import DataType

BEN = Helper("Ben Müller", "brother")


def tamper(trial, change, **values):
    """Change what is stored as somebody with the server's own rights could."""
    trial.session.flush()
    trial.session.execute(text("RESET ROLE"))
    trial.session.execute(text("SET LOCAL session_replication_role = replica"))
    trial.session.execute(text(change), values)
    trial.session.expire_all()


def test_a_signature_says_who_what_when_and_how(trial):
    person, signature = trial.signed(trial.publish(), replace(ACT, granted=(DataType.STEPS,)))
    assert (signature.part, signature.role, signature.kind) == ("participant", "self", "electronic")
    assert (signature.signer, signature.signed_at, signature.zone) == (
        person.code,
        NOON,
        "Europe/Berlin",
    )
    assert (signature.meaning, signature.reauthentication) == ("I agree to take part", "passkey")
    assert (signature.identity_check, signature.discussed_with) == (
        "passport shown by video",
        "dr-ada",
    )
    said = sealing.said_in(trial.keys, signature)
    assert said["name"] == "Zoë Müller"
    assert said["text_sha256"] == trial.session.get(ConsentText, signature.text_id).sha256
    assert said["granted"] == ["steps"]
    assert sealing.verify(trial.session, trial.keys, signature) == ()


def test_no_table_of_the_study_holds_the_name_in_clear(study, trial):
    _, signature = trial.signed(trial.publish())
    signing.countersign(trial.session, trial.keys, signature, INVESTIGATOR, by="dr-ada")
    for table in ("consent_signature", "audit.entry"):
        dumped = trial.session.execute(text(f"SELECT x::text FROM {table} x")).scalars().all()  # noqa: S608
        assert dumped
        for name in ("Zoë", "Müller", "Byron"):
            assert not any(name in row or name.encode().hex() in row for row in dumped)


def test_the_day_of_consent_is_the_persons_own(trial):
    person, _ = trial.signed(trial.publish())
    assert following.anchors(trial.session, person) == {"consent": date(2026, 3, 2)}
    assert standing.consented_at(trial.session, person) == NOON


def test_the_run_in_of_who_was_found_eligible_before_begins_on_the_day_after(trial):
    version = trial.publish()
    person = trial.person(version)
    opened = screening.open_screening(trial.session, version, by="ann", person=person)
    opened.outcome, opened.decided_by, opened.decided_at = "eligible", "ann", NOON
    opened.answers_sha256 = "0" * 64
    offer = trial.offer(person)
    trial.understand(person, offer)
    trial.sign(person, offer)
    days = {"consent": date(2026, 3, 2), "run_in_start": date(2026, 3, 3)}
    assert following.anchors(trial.session, person) == days


def test_switches_that_were_turned_on_are_consented_to_and_no_others(trial):
    chosen = replace(ACT, granted=(DataType.HEART_RATE, DataType.SLEEP))
    person, _ = trial.signed(trial.publish(), chosen)
    given = consenting.spells(trial.session, person.id)
    assert {each for each in DataType if given.in_force(each, clock.now())} == {
        DataType.HEART_RATE,
        DataType.SLEEP,
    }


def test_nobody_signs_a_trial_that_is_not_registered_or_a_text_that_nobody_approved(trial):
    person = trial.person(trial.publish(loading.shipped_text("ldn-mecfs")))
    offer = trial.offer(person)
    trial.understand(person, offer)
    with pytest.raises(SignatureRefusedError) as caught:
        trial.sign(person, offer)
    assert "the trial is not registered yet" in str(caught.value)
    assert "no committee has approved version 1.0.0 in en" in str(caught.value)
    assert "in de" not in str(caught.value)
    assert standing.consented_at(trial.session, person) is None


def test_a_rehearsal_is_signed_without_either(trial):
    version = trial.publish(loading.shipped_text("ldn-mecfs"), is_test=True)
    _, signature = trial.signed(version)
    assert sealing.verify(trial.session, trial.keys, signature) == ()


def test_nobody_signs_what_they_did_not_read_or_understand(trial):
    person = trial.person(trial.publish())
    offer = trial.offer(person)
    with pytest.raises(SignatureRefusedError) as caught:
        trial.sign(person, offer)
    assert "not read yet: research, length" in str(caught.value)
    assert "not all right yet" in str(caught.value)
    trial.read(person, offer)
    with pytest.raises(SignatureRefusedError, match="not all right yet"):
        trial.sign(person, offer)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": " "}, "name: say it"),
        ({"reauthentication": ""}, "reauthentication: say it"),
        ({"identity_check": ""}, "identity_check: say it"),
        ({"meaning": ""}, "meaning: say it"),
        ({"discussed_with": ""}, "discussed_with: say it"),
        ({"zone": "Europe/Atlantis"}, "zone: "),
        ({"helper": BEN}, "nobody helps who signs themselves"),
        ({"role": "scribe"}, "name the scribe"),
        ({"role": "scribe", "helper": Helper("Ben", " ")}, "relation: say how the scribe stands"),
        ({"name": "Zoë\nMüller"}, "name: write it in one line"),
        ({"role": "proxy", "helper": BEN}, "no consent from a legal representative"),
        ({"granted": (DataType.WEIGHT,)}, "weight is no switch of this trial; it has heart_rate"),
    ],
)
def test_an_act_that_leaves_something_out_signs_nothing(trial, change, said):
    person = trial.person(trial.publish())
    offer = trial.offer(person)
    trial.understand(person, offer)
    with pytest.raises(SignatureRefusedError, match=said):
        trial.sign(person, offer, replace(ACT, **change))
    assert signing.signatures(trial.session, person) == []


def test_a_scribe_and_where_allowed_a_proxy_are_kept_with_the_signature(trial):
    allowed = APPROVED.replace("data_types: [heart", "allows_proxy: true\n  data_types: [heart")
    version = trial.publish(allowed)
    for role in ("scribe", "proxy"):
        _, signature = trial.signed(version, replace(ACT, role=role, helper=BEN))
        assert signature.role == role
        said = sealing.said_in(trial.keys, signature)
        assert (said["assistant"], said["relation"]) == ("Ben Müller", "brother")


def test_a_document_version_is_signed_once_in_whatever_language(trial):
    person, _ = trial.signed(trial.publish())
    german = trial.offer(person, "de")
    trial.understand(person, german)
    with pytest.raises(
        SignatureRefusedError, match=r"signed version 1\.0\.0 on 2026-03-01 already"
    ):
        trial.sign(person, german)


def test_the_database_itself_holds_one_signature_a_document_version(trial):
    person, first = trial.signed(trial.publish())
    german = trial.offer(person, "de")
    copied = {
        column.name: getattr(first, column.name)
        for column in ConsentSignature.__table__.columns
        if column.name != "id"
    }
    trial.session.add(ConsentSignature(**copied | {"text_id": german.text.id}))
    with pytest.raises(IntegrityError, match="uq_consent_signature_in_force"):
        trial.session.flush()


def test_a_document_of_another_trial_is_not_signed(trial):
    crohns = (
        loading.shipped_text("ldn-crohns")
        .replace("{registry: null, id: null}", "{registry: ISRCTN, id: ISRCTN1}")
        .replace("ethics_reference: null", 'ethics_reference: "EK 18/2026"')
    )
    person, other = trial.person(trial.publish()), trial.person(trial.publish(crohns))
    offer = trial.offer(other)
    trial.understand(person, offer)
    with pytest.raises(SignatureRefusedError, match="follows ldn-mecfs"):
        trial.sign(person, offer)


def test_the_investigator_countersigns_once(trial, at_clock):
    person, signature = trial.signed(trial.publish())
    assert standing.countersigned_at(trial.session, person) is None
    at_clock(NOON + timedelta(hours=1))
    beside = signing.countersign(trial.session, trial.keys, signature, INVESTIGATOR, by="dr-ada")
    assert (beside.part, beside.signer, beside.zone) == ("investigator", "dr-ada", "Europe/London")
    assert sealing.verify(trial.session, trial.keys, beside) == ()
    assert sealing.said_in(trial.keys, beside)["name"] == "Ada Byron"
    assert standing.countersigned_at(trial.session, person) == NOON + timedelta(hours=1)
    assert standing.consented_at(trial.session, person) == NOON
    for again in (signature, beside):
        with pytest.raises(SignatureRefusedError, match=r"already|only a participant's"):
            signing.countersign(trial.session, trial.keys, again, INVESTIGATOR, by="dr-ada")


def test_a_countersignature_for_somebody_else_is_refused(trial):
    _, signature = trial.signed(trial.publish())
    act = replace(INVESTIGATOR, role="scribe", helper=BEN)
    with pytest.raises(SignatureRefusedError, match="signs for nobody else"):
        signing.countersign(trial.session, trial.keys, signature, act, by="dr-ada")


CHANGES = {
    "meaning": ("UPDATE consent_signature SET meaning = 'I agree to more'", "meaning: 'I agree to more' now"),
    "instant": ("UPDATE consent_signature SET signed_at = signed_at - interval '1 microsecond'", "signed_at: "),
    "zone": ("UPDATE consent_signature SET zone = 'UTC'", "zone: 'UTC' now, 'Europe/Berlin' was signed"),
    "switches": ("UPDATE consent_signature SET granted = '[\"sleep\"]'", "granted: ['sleep'] now, [] was signed"),
    "signer": ("UPDATE consent_signature SET signer = 'P-0099'", "signer: "),
    "text": ("UPDATE consent_text SET body = body || ' ' WHERE language = 'en'", "text_sha256: "),
    "quiz": ("UPDATE consent_text SET quiz = quiz || ' ' WHERE language = 'en'", "quiz_sha256: "),
    "protocol": ("UPDATE protocol_version SET sha256 = repeat('0', 64)", "protocol_sha256: "),
    "checksum": ("UPDATE consent_signature SET sha256 = repeat('0', 64)", "sha256: it is not"),
    "seal": ("UPDATE consent_signature SET seal = repeat('0', 64)", "seal: it was not made"),
    "statement": ("UPDATE consent_signature SET statement = set_byte(statement, 40, 0)", "statement: it cannot"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_any_byte_that_changes_afterwards_breaks_the_signature_and_is_named(trial, change):
    statement, said = CHANGES[change]
    _, signature = trial.signed(trial.publish())
    tamper(trial, statement)
    found = sealing.verify(trial.session, trial.keys, signature)
    assert any(each.startswith(said) for each in found), found
    with pytest.raises(SignatureRefusedError, match=said.partition(":")[0]):
        signing.countersign(trial.session, trial.keys, signature, INVESTIGATOR, by="dr-ada")


def test_a_signature_cannot_be_moved_to_another_person_or_made_anew_without_the_key(trial):
    version = trial.publish()
    (_, mine), (_, theirs) = trial.signed(version), trial.signed(version)
    moved = {"statement": mine.statement, "sha256": mine.sha256, "seal": mine.seal, "id": theirs.id}
    tamper(
        trial,
        "UPDATE consent_signature SET statement = :statement, sha256 = :sha256, seal = :seal WHERE id = :id",
        **moved,
    )
    assert "belongs to another row" in sealing.verify(trial.session, trial.keys, theirs)[0]
    forger = Keys(trial.keys.identity, bytes(32))
    sealing.seal(trial.session, forger, theirs, {"name": "Somebody Else", "assistant": None})
    assert sealing.verify(trial.session, trial.keys, theirs) == (
        "seal: it was not made with this study's key for this checksum",
    )


def test_a_countersignature_goes_with_one_signature(trial):
    version = trial.publish()
    (_, mine), (_, theirs) = trial.signed(version), trial.signed(version)
    beside = signing.countersign(trial.session, trial.keys, mine, INVESTIGATOR, by="dr-ada")
    tamper(
        trial,
        "UPDATE consent_signature SET countersigns = :id WHERE part = 'investigator'",
        id=theirs.id,
    )
    found = sealing.verify(trial.session, trial.keys, beside)
    assert any(each.startswith("countersigns: ") for each in found)
    assert any("is another than was countersigned" in each for each in found)


@pytest.mark.parametrize("table", ["consent_text", "section_read", "quiz_try", "consent_signature"])
def test_what_was_read_answered_and_signed_is_never_rewritten(trial, table):
    trial.signed(trial.publish())
    with pytest.raises(DBAPIError, match="append-only"):
        trial.session.execute(text(f"DELETE FROM {table}"))  # noqa: S608


def test_two_at_once_sign_once(study, at_clock):
    at_clock(NOON)
    keys = Keys.of(study.database.settings)
    with study.database.transaction("test", "prepare") as session:
        trial = Trial(session, keys)
        person = trial.person(trial.publish())
        trial.understand(person, trial.offer(person))
    told = []

    def sign():
        try:
            with study.database.transaction("person", "sign") as session:
                mine = Trial(session, keys)
                mine.sign(person, mine.offer(person))
                session.execute(text("SELECT pg_sleep(0.2)"))
        except SignatureRefusedError as error:
            told.append(str(error))

    threads = [Thread(target=sign) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(told) == 2
    assert all("already" in each for each in told)
    with study.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ConsentSignature)) == 1
    assert study.verify().problems == ()


def test_the_participant_site_has_the_rights_to_read_answer_and_sign(study, at_clock):
    at_clock(NOON)
    keys = Keys.of(study.database.settings)
    with study.database.transaction("test", "prepare") as session:
        trial = Trial(session, keys)
        person = trial.person(trial.publish())
    with study.database.transaction("person", "sign", role=PARTICIPANT_ROLE) as session:
        mine = Trial(session, keys)
        offer = mine.offer(person)
        mine.understand(person, offer)
        signed = mine.sign(person, offer, replace(ACT, granted=(DataType.STEPS,)))
        assert sealing.verify(session, keys, signed) == ()
    with study.database.reading() as session:
        assert standing.consented_at(session, person) == NOON
        (offer,) = texts.offered(session, person, "en")


def test_the_participant_site_cannot_countersign(study, at_clock):
    at_clock(NOON)
    keys = Keys.of(study.database.settings)
    with study.database.transaction("test", "prepare") as session:
        _, signature = Trial(session, keys).signed(Trial(session, keys).publish())

    def countersign():
        with study.database.transaction("person", "forge", role=PARTICIPANT_ROLE) as session:
            signing.countersign(session, keys, signature, INVESTIGATOR, by="dr-ada")

    with pytest.raises(DBAPIError, match="row-level security"):
        countersign()
