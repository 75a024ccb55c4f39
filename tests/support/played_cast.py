"""The four shipped protocols with their people: who comes, where they live, what happens to each of them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import dosed
import enrolled
from played import Player
from played_calendar import DAY
from played_lives import Course, evenings, leaves, looks, rests, travels, whole_life
from played_stage import Script, Stage

from hometrial.protocol.dosing.amounts import once
from hometrial.protocol.dosing.coarse import CoarseDate
from hometrial.protocol.dosing.history import History, OtherTreatment
from hometrial.protocol.dosing.history import Told as TellOf
from hometrial.protocol.dosing.standing import Kind
from hometrial.services.dosing import remembering

CROHNS = {
    "age": 36, "crohns_confirmed": True, "stable_medicine_days": 60, "can_become_pregnant": False,
    "opioid_ever": False, "opioid_for_diarrhoea": False, "stoma_or_short_bowel": False, "alt_xuln": 0.7,
    "pregnant": False, "breastfeeding": False,
}  # fmt: skip
MS = {
    "age": 55, "ms_course": "primary_progressive", "edss": 5, "stable_medicine_days": 90,
    "can_become_pregnant": False, "opioid_ever": False, "opioid_expected": False, "immunosuppressed": False,
    "alt_xuln": 0.9, "pregnant": False, "breastfeeding": False,
}  # fmt: skip
ZONES = (
    "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "Europe/London",
    "Australia/Lord_Howe", "America/Santiago", "Pacific/Honolulu", "America/Los_Angeles", "Africa/Nairobi",
)  # fmt: skip
JOURNEYS = (
    # Over the date line to the west, where a day falls away, and back, where one is lived twice.
    [(40, 20, "Pacific/Auckland"), (61, 14, "America/Los_Angeles")],
    # Across the night on which clocks change, and back after the other change.
    [(30, 23, "America/New_York"), (230, 1, "Europe/Berlin")],
    # Away for a weekend: the second window opens before the first zone's would have closed.
    [(53, 7, "Asia/Kolkata"), (55, 22, "Pacific/Honolulu"), (70, 9, "Pacific/Kiritimati")],
    [(75, 12, "Pacific/Apia"), (76, 12, "Pacific/Honolulu"), (90, 18, "America/Santiago")],
)
CHOICES = (
    "withdraw_completely", "stop_drug", "stop_drug_safety_only", "stop_diaries", "stop_contact",
    "stop_wearable", "delete_raw_data",
)  # fmt: skip


BAD, WORSE, WORST = (5, 2, 2, 42.0), (7, 2, 2, 42.0), (9, 3, 3, 42.0)
"""Weeks of diaries with an index of 7 x (2 x 5 + 5 x 2 + 7 x 2) = 238, of 266, and of 378."""
WEEKS = (
    # Week 0, week 12, and by hand: the index of week 12, and whether that is a fall of 70, of 100, a remission.
    (WORSE, (1, 0, 1, 42.0), 63, (True, True, True)),
    (WORSE, (2, 1, 1, 42.0), 112, (True, True, True)),
    (BAD, (1, 3, 1, 42.0), 168, (True, False, False)),  # a fall of 70 exactly
    (BAD, (1, 3, 1, 41.8), 169.2, (False, False, False)),  # of 68.8
    (WORSE, (0, 3, 1, 40.0), 166, (True, True, False)),  # of 100 exactly
    (WORSE, (0, 3, 1, 39.9), 166.6, (True, False, False)),  # of 99.4
    (BAD, (4, 2, 0, 38.0), 150, (True, False, False)),  # 150 is no remission yet
    (BAD, (4, 2, 0, 38.1), 149.4, (True, False, True)),
    (WORST, (4, 1, 1, 42.0), 140, (True, True, True)),
    (WORST, (8, 2, 3, 42.0), 329, (False, False, False)),
    (BAD, (8, 2, 3, 42.0), 329, (False, False, False)),  # it rose
    (WORST, (6, 2, 2, 42.0), 252, (True, True, False)),
)


@dataclass
class Shape:
    """How a protocol is played: how many come when, how long the run-in is, and what may happen on the drug."""

    protocol: str
    count: int
    begin: date
    every: int
    run_in: int
    on_drug: int
    answers: dict[str, Any]
    rules: dict[str, str]
    begins: Callable[[Player], Script]
    decided_late: bool = False
    comers: tuple[tuple[str, dict[str, Any], tuple[str, ...]], ...] = ()
    events: tuple[dict[int, str], ...] = ({},)
    lasts: timedelta = timedelta(days=420)
    people: list[Player] = field(default_factory=list)


def _allocated(player: Player) -> Script:
    """Be allocated within the visit's window; who waits does so, then the drug begins."""
    yield player.at(player.facts.days["run_in_end"] + player.rng.randrange(1, 4) * DAY, 10)
    player.allocate()
    waits = 56 if player.facts.arm == "DEL" else player.rng.randrange(1, 6)
    day = player.facts.days["randomisation"] + waits * DAY
    yield from evenings(player, day - DAY)
    yield player.at(day, 11)


def _indexed(player: Player) -> Script:
    """Have the index at the end of the run-in, which decides."""
    player.planned["W0", 1] = day = player.facts.days["run_in_end"] + DAY
    yield player.at(day, 10)
    player.attend()
    player.decide()
    yield player.at(player.today + DAY, 11)


def _at_once(player: Player) -> Script:
    yield player.at(player.facts.days["run_in_end"] + player.rng.randrange(1, 4) * DAY, 11)


PAST = (
    History(
        CoarseDate.of("2026-02"),
        (TellOf("start", Kind.START, CoarseDate.of("2010"), once("1.5")),),
        others=(OtherTreatment("colecalciferol", CoarseDate.of("2009")),),
    ),
    History(
        CoarseDate.of("2026"), (TellOf("start", Kind.START, CoarseDate.of("2014"), once("0.25")),)
    ),
    History(
        CoarseDate.of("2026"), (TellOf("start", Kind.START, CoarseDate.of("2018"), once("1")),)
    ),
)
"""What the three tell of the time before the trial, as coarsely as it is published."""


def _told_history(player: Player) -> Script:
    """Tell of the years before; they come back as coarse as they were told."""
    past = PAST[player.number]
    remembering.tell(player.session, player.person, dosed.NURSE, past)
    if remembering.told(player.session, player.person) != past:
        player.stage.fault(f"{player.code}: the history told is another")
    yield player.at(player.facts.days["run_in_end"] + DAY, 11)


INELIGIBLE = (
    ("ineligible", {"age": 17}, ("I1",)),
    ("ineligible", {"opioid_ever": True, "days_since_opioid": 5}, ("E1",)),
    ("ineligible", {"pregnant": True}, ("E6",)),
    ("declines", {}, ()),
    ("undecided", {}, ()),
)


def shapes(years: int = 10) -> dict[str, Shape]:
    """Return the four; `years` of the case series."""
    return {each.protocol: each for each in (_mecfs(), _crohns(), _ms(), _cases(years))}


def _mecfs() -> Shape:
    answers = {name: each for name, each in enrolled.ANSWERS.items() if name not in ("phq9_9", "dsq_pem_symptoms")}  # fmt: skip
    rules = {"hold": "H1", "down": "D1", "headache": "D2", "opioid": "S6", "grave": "S1"}
    events = (
        {}, {12: "effect 7"}, {30: "out 4"}, {25: "headache"}, {40: "out 9"}, {20: "opioid"}, {50: "out 20"},
        {9: "effect 7", 60: "out 30"}, {35: "grave"},
    )  # fmt: skip
    return Shape("ldn-mecfs", 24, date(2026, 1, 26), 3, 14, 98, answers, rules, _allocated,
                 comers=INELIGIBLE, events=events)  # fmt: skip


def _crohns() -> Shape:
    rules = {"hold": "H1", "opioid": "S5", "grave": "S1"}
    events = ({}, {20: "effect 7"}, {33: "out 5"}, {50: "opioid"}, {15: "out 15"}, {40: "grave"})
    comers = (
        ("ineligible", {"age": 17}, ("I1",)),
        ("ineligible", {"stoma_or_short_bowel": True}, ("E2",)),
        ("declines", {}, ()),
    )
    return Shape("ldn-crohns", 17, date(2026, 2, 23), 2, 7, 84, CROHNS, rules, _indexed, decided_late=True,
                 comers=comers, events=events)  # fmt: skip


def _ms() -> Shape:
    rules = {"hold": "H1", "down": "D1", "headache": "D2", "opioid": "S5", "grave": "S1"}
    events = (
        {}, {21: "effect 14"}, {45: "out 3"}, {70: "headache"}, {60: "out 12"}, {30: "opioid"}, {90: "out 40"},
        {120: "grave"},
    )  # fmt: skip
    comers = (
        ("ineligible", {"edss": 7.5}, ("I3",)),
        ("ineligible", {"ms_course": "relapsing"}, ("I2",)),
        ("ineligible", {"age": 80}, ("I1",)),
        ("declines", {}, ()),
        ("undecided", {}, ()),
    )
    return Shape("ldn-ms", 40, date(2026, 2, 2), 1, 14, 182, MS, rules, _at_once, comers=comers,
                 events=events, lasts=timedelta(days=500))  # fmt: skip


def _cases(years: int) -> Shape:
    """The published three: steps of months, a step down for headache and ten months there, two run-outs."""
    rules = {"hold": "H1", "headache": "D1", "opioid": "S3", "grave": "S1"}
    events = (
        {300: "headache 3/320", 1500: "settle 12"}, {200: "effect 28"}, {400: "out 10", 900: "out 35"},
    )  # fmt: skip
    return Shape("ldn-case-series", 3, date(2026, 2, 9), 5, 14, min(years * 364, 3640), dosed.ANSWERS, rules,
                 _told_history, events=events, lasts=timedelta(days=years * 366 + 300))  # fmt: skip


@dataclass(frozen=True)
class Manner:
    """How a trial is played: who comes (None: all), who acts and is looked at daily, on what share of other days."""

    seed: int = 7
    only: frozenset[int] | None = None
    daily: Callable[[int], bool] = lambda number: False  # noqa: ARG005
    share: float = 1.0


def cast(stage: Stage, shape: Shape, manner: Manner) -> list[Player]:
    """Bring everybody of a protocol onto the stage."""
    roles: list[tuple[str, dict[str, Any], tuple[str, ...]]]
    roles = [(_role(number), {}, ()) for number in range(shape.count)]
    for number, (role, more, failing) in enumerate([*roles, *shape.comers]):
        if manner.only is not None and number not in manner.only and number < shape.count:
            continue
        player = _player(stage, shape, number, more, manner)
        player.expected = failing
        stage.wake(whole_life(player, role, _course(player, shape), shape))
        if number < shape.count:
            _happens(stage, player, shape)
            stage.wake(looks(player, manner.share, shape.lasts))
        shape.people.append(player)
    return shape.people


def _role(number: int) -> str:
    return {2: "unknown", 5: "slow"}.get(number, "plain")


def _is_travelling(shape: Shape, number: int) -> bool:
    return number < shape.count and number % 6 == 1


def _player(
    stage: Stage, shape: Shape, number: int, more: dict[str, Any], manner: Manner
) -> Player:
    rng = random.Random(f"{manner.seed}/{shape.protocol}/{number}")  # noqa: S311 - no secrets
    zone = ZONES[number % len(ZONES)]
    if _is_travelling(shape, number):
        zone = ("America/Los_Angeles", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland")[
            number // 6 % 4
        ]
    answers = shape.answers
    if shape.protocol == "ldn-mecfs":
        severity = ("mild", "moderate", "severe")[number % 3]
        answers = {**answers, "me_severity": severity, "phq9_9": 0, "dsq_pem_symptoms": 4}
    first = shape.begin + (number % shape.count) * shape.every * DAY
    player = Player(stage, number, first, zone, manner.daily(number), rng, {**answers, **more})
    if shape.protocol == "ldn-crohns":
        before, after, *_ = WEEKS[number % len(WEEKS)]
        middle = (before[0] - 1, before[1], before[2], 42.0)
        player.weeks = {"W0": before, "W4": middle, "W8": middle, "W12": after, "W16": middle}
    return player


def _course(player: Player, shape: Shape) -> Course:
    events = dict(shape.events[player.number % len(shape.events)])
    course = Course(player, shape.on_drug, events, shape.rules)
    if shape.protocol == "ldn-case-series":
        # Capsules begin with 0.5 mg; from 9 mg on the liquid is more than can be taken at once.
        player.pill = "liq"
        course.patience = (0, 90, 0)[player.number]
        course.highest = (None, Decimal(4), Decimal("4.5"))[player.number]
    return course


def _happens(stage: Stage, player: Player, shape: Shape) -> None:
    """Have a person travel, have bad days, and choose to stop something."""
    number, travelling = player.number, _is_travelling(shape, player.number)
    if travelling:
        player.moves = JOURNEYS[number // 6 % len(JOURNEYS)]
        stage.wake(travels(player))
    if number % 4 == 0 or travelling:
        stage.wake(rests(player, [18, 35, 36, 60, 88, 110]))
    turn = number // 3
    if shape.protocol != "ldn-case-series" and number % 3 == 1 and turn < len(CHOICES):
        after = 70 + 5 * turn + (40 if shape.protocol == "ldn-ms" else 0)
        stage.wake(leaves(player, CHOICES[turn], after))


def at_begin(shape: Shape) -> datetime:
    """Return the moment at which the clock of a protocol begins."""
    return datetime.combine(shape.begin - 2 * DAY, datetime.min.time(), UTC)
