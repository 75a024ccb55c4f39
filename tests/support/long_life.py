"""A person of the ME/CFS trial with three hundred days on record: everything that a timeline shows, by one seed."""

import math
import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

import enrolled
from sqlalchemy import select

from hometrial import clock
from hometrial.models import (
    Allocation,
    AllocationScheme,
    Answer,
    BadDay,
    DailyMetric,
    Device,
    FormScore,
    Gap,
    Participant,
    Pause,
    Payload,
    Response,
    Screening,
    Sitting,
    Submission,
    VisitRecord,
)
from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.protocol.dosing.events import Entry, Intake, Interruption, Order, Reason, Source
from hometrial.protocol.dosing.standing import Kind
from hometrial.protocol.safety.details import Details
from hometrial.questionnaires import loading as instruments
from hometrial.services import consenting, enrolling
from hometrial.services.asking import definitions
from hometrial.services.dosing import storing
from hometrial.services.safety import reporting
from hometrial.services.trial import following, publishing
from hometrial_ingest.data_types import DataType

ZONE = ZoneInfo("Europe/Berlin")
CONSENT = date(2026, 1, 26)
DAYS = 300
LAST = CONSENT + timedelta(days=DAYS - 1)
RUN_IN, RUN_IN_END, FIRST_DOSE = (
    CONSENT + timedelta(10),
    CONSENT + timedelta(24),
    CONSENT + timedelta(28),
)
STEPS = ((0, "0.5"), (7, "1"), (15, "1.5"), (31, "3"), (52, "4.5"))
HOLD, RESUMED, REDUCED = 70, 77, 120
CRASHES = ((40, 4), (74, 3), (96, 5), (131, 2), (160, 4), (201, 3), (236, 5), (270, 2))
"""Days since consent, and how many."""
VISITS = {"V1": -4, "T1": 3, "W4": 28, "W8": 57, "W12": 85, "W14": 98}
"""Days since the first dose."""


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Return a moment on the person's own clock."""
    return datetime.combine(day, time(hour, minute), ZONE)


def make(session, set_clock, seed: int = 7, days: int = DAYS) -> Participant:
    """Put the person in; the clock stands in the evening of their last day afterwards."""
    chance = random.Random(seed)  # noqa: S311
    set_clock(at(CONSENT, 11))
    person = _enrolled(session)
    set_clock(at(CONSENT + timedelta(days - 1), 22))
    _doses(session, person, chance, days)
    _watch(session, person, chance, days)
    _forms(session, person, chance, days)
    _happenings(session, person, days)
    _ill(session, person, days)
    session.flush()
    return person


def _enrolled(session) -> Participant:
    version = publishing.in_force(session, "ldn-mecfs") or enrolled.published(session)
    person = enrolled.eligible(session, version)
    enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    scheme = AllocationScheme(
        protocol_version_id=version.id, commitment="0" * 64, opened_at=clock.now(), opened_by="ann"
    )
    session.add(scheme)
    session.flush()
    screened = session.scalars(select(Screening).where(Screening.participant_id == person.id)).one()
    session.add(
        Allocation(
            scheme_id=scheme.id, participant_id=person.id, screening_id=screened.id, arm="IMM", stratum="all",
            number=1, levels={}, allocated_at=clock.now(), allocated_by="ann",
        )
    )  # fmt: skip
    for name, day in (
        ("consent", CONSENT), ("run_in_start", RUN_IN), ("run_in_end", RUN_IN_END),
        ("randomisation", RUN_IN_END + timedelta(1)), ("first_dose", FIRST_DOSE),
    ):  # fmt: skip
        following.anchor(session, person, name, day, because="test")
    types = [DataType.HEART_RATE, DataType.STEPS, DataType.SLEEP]
    consenting.grant(session, person, types, since=at(CONSENT, 11), source="test")
    return person


def _doses(session, person, chance, days) -> None:
    number, standing = 0, None

    def keep(event) -> None:
        session.add(storing.row_of(person.id, event))

    def entry(moment, why="as planned") -> Entry:
        nonlocal number
        number += 1
        return Entry(str(number), "dr-ada", moment, why)

    orders = {offset: (Kind.START if offset == 0 else Kind.STEP_UP, mg) for offset, mg in STEPS}
    orders |= {
        HOLD: (Kind.HOLD, None), RESUMED: (Kind.RESUME, "3"), 90: (Kind.STEP_UP, "4.5"),
        REDUCED: (Kind.STEP_DOWN, "3"),
    }  # fmt: skip
    out = range(200, 206)
    for offset in range(days - (FIRST_DOSE - CONSENT).days):
        day = FIRST_DOSE + timedelta(offset)
        if offset in orders:
            kind, mg = orders[offset]
            standing = None if mg is None else once(mg, TimeOfDay.EVENING, "cap")
            step = None if mg is None else {"0.5": 1, "1": 2, "1.5": 3, "3": 4, "4.5": 5}[mg]
            why = {HOLD: "insomnia", REDUCED: "headache"}.get(offset, "as planned")
            keep(Order(entry(at(day, 9), why), kind, day, standing, step))
        luck = chance.random()
        if offset in out or standing is None or luck < 0.03:
            continue
        moment = at(day, 21, chance.randrange(60))
        if luck < 0.06:
            keep(
                Intake(
                    entry(at(day, 23)), day, Decimal(0), "cap", Source.APP_TAP, TimeOfDay.EVENING,
                    missed=Reason.FORGOT,
                )
            )  # fmt: skip
            continue
        keep(
            Intake(
                entry(moment),
                day,
                standing.mg,
                "cap",
                Source.APP_TAP,
                TimeOfDay.EVENING,
                taken_at=moment,
            )
        )
    first, last = (FIRST_DOSE + timedelta(out[0]), FIRST_DOSE + timedelta(out[-1]))
    if last < CONSENT + timedelta(days):
        keep(Interruption(entry(at(last, 12)), first, Reason.RAN_OUT, last))
    session.flush()


def _crashed(offset: int) -> int | None:
    """Return on which day of a crash somebody is, None of none."""
    return next((offset - start for start, length in CRASHES if 0 <= offset - start < length), None)


def _watch(session, person, chance, days) -> None:
    def keep(day, metric, value) -> None:
        session.add(
            DailyMetric(
                participant_id=person.id, day=day, metric=metric, value=round(value, 1), rule=metric,
                rule_version=1, computed_at=clock.now(),
            )
        )  # fmt: skip

    for offset in range(days):
        day, crash = CONSENT + timedelta(offset), _crashed(offset)
        bad = crash is not None
        better = max(0.0, (offset - 90) / days)
        lost = offset in range(108, 114)
        worn = not lost and chance.random() > 0.05
        _gaps(session, person, chance, day, "token_dead" if lost else None if worn else "not_worn")
        keep(day, "wear_minutes", chance.uniform(1150, 1420) if worn else 0)
        keep(day, "valid_day", float(worn))
        keep(day, "valid_night", float(worn))
        if not worn:
            continue
        level = 1700 * (1 + better) * (0.4 if bad else 1) * math.exp(chance.gauss(0, 0.28))
        keep(day, "steps", round(level))
        keep(
            day,
            "rhr_sleep",
            61
            - 2 * better
            + chance.gauss(0, 1.6)
            + (5 if bad else 0)
            + (4 if 60 < offset < 68 else 0),
        )
        keep(day, "sleep_minutes", 440 + chance.gauss(0, 40) + (60 if bad else 0))
        keep(day, "time_in_bed_minutes", 560 + chance.gauss(0, 45) + (130 if bad else 0))
        keep(day, "hrv_rmssd", 31 * math.exp(chance.gauss(0, 0.12)) * (0.8 if bad else 1))
    session.flush()


def _gaps(session, person, chance, day, cause) -> None:
    def gap(stream, first, last, why) -> None:
        begins = at(day, 0)
        session.add(
            Gap(
                participant_id=person.id, stream=stream, day=day, start_at=begins + timedelta(hours=first),
                end_at=begins + timedelta(hours=last), cause=why, rule_version=3,
            )
        )  # fmt: skip

    if cause is not None:
        for stream in ("heart_rate", "steps", "sleep"):
            gap(stream, 0, 24, cause)
        return
    begin = chance.randrange(7, 20)
    if chance.random() < 0.6:
        gap("heart_rate", begin, begin + chance.randrange(1, 3), "not_worn")
    if chance.random() < 0.03:
        gap("heart_rate", begin + 3, begin + 4, "quarantined")


def _forms(session, person, chance, days) -> None:
    payload = Payload(provider="answers", sha256="0" * 64, size=2, received_at=clock.now())
    session.add(payload)
    session.flush()
    wards = _Desk(session, person, payload.id, following.version_of(session, person).id)
    for offset in range(10, days):
        day, bad = CONSENT + timedelta(offset), _crashed(offset) is not None
        if chance.random() < (0.5 if bad else 0.12):
            continue
        better = max(0.0, (offset - 90) / days)
        fatigue = min(
            10, max(0, round(7 - 2.5 * better + chance.gauss(0, 0.8) + (2 if bad else 0)))
        )
        scores = {"fatigue_worst": fatigue, "crash_severity": 2 if bad else 0}
        wards.hand_in(
            ("ldn_diary", "ldn_me_diary", "diary"),
            f"ldn_diary@{day}",
            day,
            scores,
            {"fatigue": fatigue},
        )
    for visit, offset in VISITS.items():
        day, better = FIRST_DOSE + timedelta(offset), max(0.0, offset - 20) / days
        if day >= CONSENT + timedelta(days):
            continue
        value = 2.1 + 1.6 * better + chance.gauss(0, 0.1)
        for form, instrument, scores in (
            ("funcap27", "funcap27", {"total_items": round(value, 2)}),
            ("dsq_pem_4w", "dsq_pem_4w_modified", {"mean": round(70 - 20 * better, 1)}),
            ("rand36", "rand36", {"pf": round(35 + 20 * better)}),
            ("pgi_c", "pgi_c", {"change": 4 - round(3 * better)}),
        ):
            if form != "pgi_c" or offset > 0:
                wards.hand_in((form, instrument, "visit"), f"{visit}#1", day, scores, {})
    session.flush()


class _Desk:
    """Hands forms in as rows."""

    def __init__(self, session, person, payload, version) -> None:
        self.session, self.person, self.payload, self.version = session, person, payload, version
        self.kept = {}

    def hand_in(self, form, occasion, day, scores, answers) -> None:
        name, instrument, kind = form
        if instrument not in self.kept:
            self.kept[instrument] = definitions.keep(self.session, instruments.named(instrument))
        moment = at(day, 19, 12)
        response, sitting, submission = uuid4(), uuid4(), uuid4()
        self.session.add(
            Response(
                id=response, participant_id=self.person.id, protocol_version_id=self.version, form=name, kind=kind,
                occasion=occasion, due=day, definition_sha256=self.kept[instrument], opened_at=moment,
            )
        )  # fmt: skip
        self.session.flush()
        self.session.add(
            Sitting(
                id=sitting, response_id=response, revision=0, language="en", wording_sha256="0" * 64, device={},
                by="participant", is_staff=False, mode="web", respondent="self", began_at=moment,
            )
        )  # fmt: skip
        self.session.flush()
        for place, (item, value) in enumerate(answers.items()):
            self.session.add(
                Answer(
                    response_id=response, place=place, sitting_id=sitting, revision=0, item=item, value=value,
                    screen=1, answered_at=moment, received_at=moment,
                )
            )  # fmt: skip
        self.session.add(
            Submission(
                id=submission, response_id=response, sitting_id=sitting, revision=1, kind="submitted", asked="full",
                submitted_at=moment, received_at=moment, late=False, payload_id=self.payload,
            )
        )  # fmt: skip
        self.session.flush()
        self.session.add(
            FormScore(
                submission_id=submission, number=1, scorer="test", scores=scores, bands={}, flags=[], n_answered=1,
                n_missing=0, prorated=False, without=[], because="test", computed_at=moment,
            )
        )  # fmt: skip


def _happenings(session, person, days) -> None:
    def day(offset):
        return CONSENT + timedelta(offset)

    for offset, length in CRASHES:
        if offset < days and length > 2:
            session.add(
                BadDay(
                    participant_id=person.id,
                    kind="begun",
                    severity=min(3, length - 1),
                    at=at(day(offset), 10),
                    by=person.code,
                )
            )
    session.add(
        Pause(
            participant_id=person.id,
            start_at=at(day(184), 0),
            end_at=at(day(191), 0),
            reason="holiday",
        )
    )
    version = following.version_of(session, person).id
    for visit, offset in VISITS.items():
        held = FIRST_DOSE + timedelta(offset)
        if held >= day(days):
            continue
        is_missed = visit == "W8"
        session.add(
            VisitRecord(
                participant_id=person.id, protocol_version_id=version, visit=visit, number=1, due=held,
                outcome="missed" if is_missed else "held", day=None if is_missed else held,
                days_outside=None if is_missed else 0, mode=None if is_missed else "phone",
                reason="too ill" if is_missed else None, recorded_at=at(held, 15), recorded_by="ann",
            )
        )  # fmt: skip
    for model, first, last in (("Charge 6", 0, 150), ("Inspire 3", 150, days)):
        session.add(
            Device(
                participant_id=person.id, provider="fitbit", source="tracker", model=model, firmware=None,
                first_seen_at=at(day(first), 12), last_seen_at=at(day(min(last, days - 1)), 12),
            )
        )  # fmt: skip
    session.flush()


def _ill(session, person, days) -> None:
    def day(offset):
        return CONSENT + timedelta(offset)

    for known in (
        Details(verbatim="headache after the rise", term="headache", start=str(day(57)), stop=str(day(66)), severity="moderate", grade=2, serious=()),
        Details(verbatim="hardly slept", term="trouble_sleeping", start=str(day(92)), stop=str(day(104)), severity="severe", grade=3, serious=(), related=True),
        Details(verbatim="vivid dreams", term="vivid_dreams", start=str(day(60)), severity="mild", grade=1, serious=()),
        Details(verbatim="headache again", term="headache", start=str(day(143)), stop=str(day(152)), severity="moderate", grade=2, serious=()),
        Details(verbatim="in hospital for kidney stones", start=str(day(221)), stop=str(day(226)), severity="severe", grade=3, serious=("hospitalisation",)),
        Details(verbatim="cold", start=str(day(250))[:7], severity="mild"),
    ):  # fmt: skip
        if date.fromisoformat(f"{known.start}-01"[:10]) < day(days - 5):
            said = reporting.Said(by="ann", source="contact", reporter="participant")
            reporting.report(session, person, known, said)
