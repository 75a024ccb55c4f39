"""Allocation is drawn once, from a sealed seed, for who may be allocated; and can be proven at the end."""

import re
import threading
from collections import Counter
from datetime import UTC, date, datetime

import enrolled
import pytest
from enrolled import ANSWERS, BODY, published
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Participant
from hometrial.protocol import sealing
from hometrial.protocol.drawing import AllocationError
from hometrial.protocol.sealing import SealBrokenError
from hometrial.services import enrolling
from hometrial.services.trial import (
    allocating,
    answering,
    following,
    publishing,
    revealing,
    schemes,
    screening,
    visiting,
)
from hometrial.services.trial.answering import Told
from hometrial.services.trial.publishing import ProtocolRefusedError

KEY = b"k" * 32
MINIMISED = BODY.replace(
    "method: permuted_blocks", "method: minimisation\n  probability: 0.8", 1
).replace("  block_sizes: [2, 4]\n", "", 1)
LATER = BODY.replace("version: 1.0.0", "version: 1.1.0", 1).replace('phase: "', 'phase: "later ', 1)
AT = datetime(2026, 3, 30, 23, 30, tzinfo=UTC)
"""Already the next day in Berlin."""


@pytest.fixture
def session(study, at_clock):
    at_clock(AT)
    with study.database.transaction("test", "allocation") as session:
        yield session


@pytest.fixture
def version(session):
    return published(session)


@pytest.fixture
def scheme(session, version):
    return schemes.open_scheme(session, KEY, version, by="ann")


def newcomer(session, version, **answers):
    person = enrolled.eligible(session, version, **answers)
    enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    return person


def allocated(session, version, count, **answers):
    people = [newcomer(session, version, **answers) for _ in range(count)]
    return [allocating.allocate(session, KEY, person, by="ann") for person in people]


def test_the_commitment_is_public_before_anybody_is_allocated(session, version):
    person = newcomer(session, version)
    with pytest.raises(AllocationError, match="hometrial allocation open"):
        allocating.allocate(session, KEY, person, by="ann")
    scheme = schemes.open_scheme(session, KEY, version, by="ann")
    assert len(scheme.commitment) == 64
    with pytest.raises(AllocationError, match=f"committed to {scheme.commitment}"):
        schemes.open_scheme(session, KEY, version, by="ann")
    assert allocating.arm_of(session, person) is None
    allocating.allocate(session, KEY, person, by="ann")
    assert allocating.arm_of(session, person) in ("IMM", "DEL")


def test_two_schemes_have_two_seeds(session, scheme):
    rehearsed = published(session, is_test=True)
    other = schemes.open_scheme(session, KEY, rehearsed, by="ann")
    assert other.commitment != scheme.commitment


def test_an_allocation_says_all_but_what_would_foretell_the_next(session, version, scheme):
    first, second = allocated(session, version, 2)
    assert (first.stratum, first.number, second.number) == ("sev=moderate", 1, 2)
    assert first.levels == {"sev": "moderate"}
    (mild,) = allocated(session, version, 1, me_severity="mild")
    assert (mild.stratum, mild.number) == ("sev=mild", 1)
    trail = session.execute(
        text("SELECT table_name, new FROM audit.entry WHERE table_name LIKE '%allocation%'")
    ).all()
    assert {name for name, _ in trail} == {"public.allocation", "public.allocation_scheme"}
    assert not any("drawn" in str(new) or "imbalance" in str(new) for _, new in trail)


def test_the_day_is_the_persons_own_and_the_visit_is_held_on_it(session, version, scheme):
    person = newcomer(session, version)
    allocating.allocate(session, KEY, person, by="ann")
    assert following.anchors(session, person)["randomisation"] == date(2026, 3, 31)
    (row,) = visiting.records(session, person)
    assert (row.visit, row.day, row.mode, row.days_outside) == ("R", date(2026, 3, 31), "system", 0)
    assert person.status == "enrolled"


def test_arms_are_balanced_within_each_stratum(session, version, scheme):
    made = allocated(session, version, 8)
    arms = [row.arm for row in made]
    assert abs(Counter(arms)["IMM"] - 4) <= 1


def test_nobody_is_allocated_twice(session, version, scheme):
    person = newcomer(session, version)
    first = allocating.allocate(session, KEY, person, by="ann")
    with pytest.raises(AllocationError, match=f"was allocated to {first.arm}; nobody .* twice"):
        allocating.allocate(session, KEY, person, by="ann")
    with pytest.raises(answering.ScreeningRefusedError, match="nobody enters twice"):
        screening.open_screening(session, version, by="ann", person=person)


def test_an_open_or_failed_screening_allocates_nobody(session, version, scheme):
    opened = screening.open_screening(session, version, by="ann")
    person = session.get_one(Participant, opened.participant_id)
    enrolled.consent(session, person)
    answering.answer(session, opened, ANSWERS, Told("ann"))
    with pytest.raises(AllocationError, match="not eligible by a decided screening"):
        allocating.allocate(session, KEY, person, by="ann")
    answering.answer(session, opened, {"age": 99}, Told("ann", because="typo"))
    screening.decide(session, opened, by="ann")
    with pytest.raises(AllocationError, match="not eligible by a decided screening"):
        allocating.allocate(session, KEY, person, by="ann")


def test_who_is_screened_anew_waits_for_the_new_decision(session, version, scheme):
    person = newcomer(session, version)
    screening.open_screening(session, version, by="ann", person=person)
    with pytest.raises(AllocationError, match="not eligible"):
        allocating.allocate(session, KEY, person, by="ann")


def test_who_has_withdrawn_is_not_allocated(session, version, scheme):
    person = newcomer(session, version)
    enrolled.withdraw(session, person)
    with pytest.raises(AllocationError, match="withdrew completely"):
        allocating.allocate(session, KEY, person, by="ann")


def test_nobody_is_allocated_before_the_run_in_is_over(session, version, scheme):
    person = newcomer(session, version)
    session.execute(text("SET LOCAL ROLE NONE"))
    session.execute(text("ALTER TABLE anchor_day DISABLE TRIGGER append_only"))
    session.execute(text("DELETE FROM anchor_day WHERE anchor = 'run_in_end'"))
    session.execute(text("SET LOCAL ROLE hometrial_study"))
    with pytest.raises(AllocationError, match="after run_in_end, and that day is not known yet"):
        allocating.allocate(session, KEY, person, by="ann")


def test_an_error_is_marked_and_the_allocation_stays(session, version, scheme):
    person = newcomer(session, version)
    with pytest.raises(AllocationError, match="nothing to mark"):
        allocating.mark_in_error(session, person, by="ann", because="wrong person")
    made = allocating.allocate(session, KEY, person, by="ann")
    with pytest.raises(AllocationError, match="say why"):
        allocating.mark_in_error(session, person, by="ann", because=" ")
    allocating.mark_in_error(session, person, by="ann", because="wrong person")
    assert allocating.in_error(session, person).because == "wrong person"
    assert allocating.arm_of(session, person) == made.arm
    with pytest.raises(AllocationError, match="already"):
        allocating.mark_in_error(session, person, by="ann", because="again")


def test_a_later_version_that_allocates_alike_goes_on_with_the_scheme(session, version, scheme):
    (first,) = allocated(session, version, 1)
    later = published(session, LATER)
    assert schemes.scheme_for(session, later).id == scheme.id
    (second,) = allocated(session, later, 1)
    assert (first.number, second.number) == (1, 2)


def test_a_later_version_that_allocates_otherwise_needs_its_own(session, version, scheme):
    later = published(session, LATER.replace("block_sizes: [2, 4]", "block_sizes: [4, 6]", 1))
    assert schemes.scheme_for(session, later) is None
    other = schemes.open_scheme(session, KEY, later, by="ann")
    (made,) = allocated(session, later, 1)
    assert (made.scheme_id, made.number) == (other.id, 1)


def test_a_later_version_keeps_each_arm_that_somebody_is_in(session, version, scheme):
    renamed = re.sub(r"\bDEL\b", "LATE", LATER)
    people = allocated(session, version, 4)
    held = [each.arm for each in people].count("DEL")
    with pytest.raises(ProtocolRefusedError, match=rf"people are in DEL \({held}\), .* keep it"):
        published(session, renamed)


def test_an_arm_that_nobody_is_in_may_go(session, version):
    assert published(session, re.sub(r"\bDEL\b", "LATE", LATER)).state == "published"


def test_a_version_that_is_not_in_force_is_not_opened(session):
    draft = publishing.load(session, BODY, "trial.yaml", by="ann")
    with pytest.raises(AllocationError, match="is draft"):
        schemes.open_scheme(session, KEY, draft, by="ann")


@pytest.mark.parametrize("body", [BODY, MINIMISED], ids=["blocks", "minimisation"])
def test_at_the_end_every_allocation_is_proven(session, body):
    version = published(session, body)
    scheme = schemes.open_scheme(session, KEY, version, by="ann")
    allocated(session, version, 4)
    allocated(session, version, 2, me_severity="mild")
    with pytest.raises(AllocationError, match="still sealed"):
        revealing.verify(session, scheme)
    with pytest.raises(AllocationError, match="say why"):
        revealing.reveal(session, KEY, scheme, by="ann", because="")
    revealed = revealing.reveal(session, KEY, scheme, by="ann", because="last person out")
    assert sealing.commitment(revealed.file.encode()) == scheme.commitment
    assert revealing.verify(session, scheme) == []
    with pytest.raises(AllocationError, match="revealed already"):
        revealing.reveal(session, KEY, scheme, by="ann", because="again")
    with pytest.raises(AllocationError, match="not open"):
        allocated(session, version, 1)
    with pytest.raises(AllocationError, match="nobody is allocated any more"):
        schemes.open_scheme(session, KEY, version, by="ann")


def test_an_arm_that_was_changed_behind_our_back_is_found(session, version, scheme):
    _, second, _ = allocated(session, version, 3)
    other = "DEL" if second.arm == "IMM" else "IMM"
    session.execute(text("SET LOCAL ROLE NONE"))
    session.execute(text("ALTER TABLE allocation DISABLE TRIGGER append_only"))
    session.execute(text("UPDATE allocation SET arm = :arm WHERE number = 2"), {"arm": other})
    session.execute(text("SET LOCAL ROLE hometrial_study"))
    session.expire_all()
    revealing.reveal(session, KEY, scheme, by="ann", because="end")
    assert [row.number for row in revealing.verify(session, scheme)] == [2]


def test_a_seal_under_another_commitment_is_broken(session, version, scheme):
    session.execute(text("SET LOCAL ROLE NONE"))
    session.execute(text("ALTER TABLE allocation_scheme DISABLE TRIGGER append_only"))
    session.execute(text("UPDATE allocation_scheme SET commitment = :zero"), {"zero": "0" * 64})
    session.execute(text("SET LOCAL ROLE hometrial_study"))
    session.expire_all()
    with pytest.raises(SealBrokenError, match="SHA-256"):
        allocated(session, version, 1)


def test_without_its_key_the_seal_stays_shut(session, version, scheme):
    person = newcomer(session, version)
    with pytest.raises(TrialError, match=r"restore keys/allocation\.hex"):
        allocating.allocate(session, b"x" * 32, person, by="ann")


@pytest.mark.parametrize("table", ["allocation_seal", "allocation_draw"])
@pytest.mark.parametrize("role", ["hometrial_study", "hometrial_worker", "hometrial_participant"])
def test_no_other_role_reads_what_is_sealed(study, role, table):
    refused = pytest.raises(DBAPIError, match="permission denied")
    with study.database.reading(role) as session, refused:
        session.execute(text(f"SELECT * FROM vault.{table}"))  # noqa: S608


def test_the_role_that_allocates_reads_nothing_else(study):
    refused = pytest.raises(DBAPIError, match="permission denied")
    with study.database.reading("hometrial_allocation") as session, refused:
        session.execute(text("SELECT * FROM vault.token"))


@pytest.mark.parametrize(
    "table", ["allocation", "allocation_scheme", "vault.allocation_seal", "vault.allocation_draw"]
)
def test_what_was_drawn_is_never_rewritten(session, version, scheme, table):
    allocated(session, version, 1)
    session.execute(text("SET LOCAL ROLE NONE"))
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(f"DELETE FROM {table}"))  # noqa: S608


def test_the_database_itself_allocates_only_who_is_eligible(session, version, scheme):
    opened = screening.open_screening(session, version, by="ann")
    with pytest.raises(DBAPIError, match="not decided as eligible"):
        session.execute(
            text(
                "INSERT INTO allocation SELECT gen_random_uuid(), s.id, :person, :screening, 'IMM',"
                " 'all', 1, '{}', now(), 'x' FROM allocation_scheme s"
            ),
            {"person": opened.participant_id, "screening": opened.id},
        )


def test_two_clicks_at_once_allocate_once(study, at_clock):
    at_clock(AT)
    database = study.database
    with database.transaction("test") as session:
        version = published(session)
        schemes.open_scheme(session, KEY, version, by="ann")
        people = [newcomer(session, version) for _ in range(2)]
    ended = []

    def click(person_id):
        try:
            with database.transaction("test") as session:
                person = session.get_one(Participant, person_id)
                ended.append(allocating.allocate(session, KEY, person, by="ann").number)
        except AllocationError:
            ended.append("refused")

    threads = [threading.Thread(target=click, args=(each.id,)) for each in [*people, *people]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ended)) == ["1", "2", "refused", "refused"]
    assert study.verify().problems == ()


def test_the_only_arm_is_that_of_who_is_eligible_and_has_signed(session):
    body = enrolled.loading.shipped_text("ldn-crohns")
    version = published(session, body)
    with pytest.raises(AllocationError, match="allocates nobody: it has one arm"):
        schemes.open_scheme(session, KEY, version, by="ann")
    opened = screening.open_screening(session, version, by="ann")
    person = session.get_one(Participant, opened.participant_id)
    answers = {
        "age": 30, "crohns_confirmed": True, "cdai_total": 300, "stable_medicine_days": 90,
        "can_become_pregnant": False, "opioid_ever": False, "opioid_for_diarrhoea": False,
        "stoma_or_short_bowel": False, "alt_xuln": 1, "pregnant": False, "breastfeeding": False,
    }  # fmt: skip
    answering.answer(session, opened, answers, Told("ann"))
    enrolled.consent(session, person)
    assert allocating.arm_of(session, person) is None
    screening.decide(session, opened, by="ann")
    assert (allocating.arm_of(session, person), person.status) == ("LDN", "enrolled")
    assert clock.now() == AT
