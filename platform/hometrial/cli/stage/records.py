"""What the demo's sites wrote down: blood, symptoms before the drug, treatments of earlier years, deviations."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.cli import living
from hometrial.cli.stage.life import Life
from hometrial.cli.stage.playing import Stage
from hometrial.protocol.dosing.coarse import CoarseDate
from hometrial.protocol.dosing.history import History, OtherTreatment
from hometrial.services.dosing import remembering
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.safety import alerting, alerts, deviating, reporting
from hometrial.services.safety.deviating import Departure
from hometrial.services.trial import laboratory
from hometrial.services.trial.sampling import Result

_WEEK_4, _REPEATED = 28, 3
"""The day on the drug of the second sample, and after how many more days a high value was measured again."""
_HIGH = 4
"""Place among those whose blood of week 4 was drawn of whose liver values one was high."""
_LIMITS = {"alt": ("U/L", 40), "ast": ("U/L", 35), "bilirubin": ("umol/L", 21)}
_TOLD = (
    ("vitamin D", "2021-09", "", ""),
    ("CBD oil", "2023-05", "2023-11", "no effect"),
    ("melatonin", "2024-06", "2025-02", "morning drowsiness"),
    ("graded exercise", "2019-03", "2019-08", "got worse"),
)
_BEFORE = (("headache", 1), ("trouble_sleeping", 2), ("dizziness", 1), ("nausea", 0))
_DEPARTURES = (
    (2, "visit_window", "minor", 38, "week 4 visit held 6 days late: nobody could be reached"),
    (4, "dosing", "important", 12, "two doses taken on one evening, told at the next call"),
    (11, "procedure_missed", "minor", 9, "diary not kept for a week: the phone was lost"),
    (18, "eligibility", "important", 1, "decided before the liver values were in; they were normal"),
)  # fmt: skip
"""Of those on the drug by place: category, impact, the day on the drug on which it was found, and what happened."""


def at_screening(session: Session, life: Life) -> None:
    """Keep the blood of the screening, and of some what they tell of treatments before."""
    _sample(session, life, "V0", "labs")
    if life.part.number % 4 == 1:
        person = life.person(session)
        what, began, ended, why = _TOLD[life.part.number // 4 % len(_TOLD)]
        other = OtherTreatment(
            what, CoarseDate.of(began), CoarseDate.of(ended) if ended else None, why
        )
        day = CoarseDate.of(f"{clock.now():%Y-%m-%d}")
        word = Word(living.STAFF, Role.SITE, "at the screening call")
        remembering.tell(session, person, word, History(day, (), (), (other,)))


def at_baseline(session: Session, life: Life) -> None:
    """Keep how bad symptoms were before the drug."""
    person = life.person(session)
    for term, grade in _BEFORE[: 2 + life.part.number % 3]:
        worse = grade + (life.part.severity == "severe")
        reporting.record_baseline(
            session, person, term, worse, by=living.STAFF, because="the baseline call"
        )


def on_drug(stage: Stage, treated: Sequence[Life]) -> None:
    """Keep the blood of week 4, one value of which was high and measured again, and what departed from the protocol."""
    drawn = [
        life
        for life in treated
        if (life.began or 0) >= _WEEK_4 + _REPEATED and life.part.number % 6
    ]
    for place, life in enumerate(drawn):
        ago = (life.began or 0) - _WEEK_4
        stage.at(stage.ago(ago, life.part.zone, 9))
        alt = "3.4" if place == _HIGH else None
        stage.do("blood of week 4", lambda s: _sample(s, life, "W4", "labs_lft", alt))  # noqa: B023 - done at once
        if place == _HIGH:
            stage.at(stage.ago(ago - _REPEATED, life.part.zone, 9))
            stage.do("a high value is measured again", lambda s: _again(s, life))  # noqa: B023
    for place, category, impact, day, words in _DEPARTURES:
        _depart(stage, treated[place], (category, impact, words), day)


def _sample(
    session: Session, life: Life, visit: str | None, form: str, high: str | None = None
) -> None:
    """Keep a liver panel, drawn two hours ago; `high`: its ALT as a multiple of the upper limit."""
    person, at = life.person(session), clock.now() - timedelta(hours=2)
    for analyte, (unit, limit) in _LIMITS.items():
        share = Decimal(high) if high and analyte == "alt" else _share(life)
        value = (share * limit).quantize(Decimal(1))
        result = Result(
            form, analyte, unit, at, "Central laboratory (demo)", value=value,
            upper_limit=Decimal(limit), visit=visit,
        )  # fmt: skip
        laboratory.record(session, person, result, by=living.STAFF)


def _share(life: Life) -> Decimal:
    return Decimal(life.mood.dice.randrange(35, 95)) / 100


def _again(session: Session, life: Life) -> None:
    """Measure again after a high value, which was none this time, and close what it raised."""
    _sample(session, life, None, "labs_lft")
    for state in alerts.states(session, person=life.person(session)):
        alerting.close(
            session, state.alert, by=living.DOCTOR, because="normal when it was measured again"
        )


def _depart(stage: Stage, life: Life, what: tuple[str, str, str], day: int) -> None:
    category, impact, words = what
    found = max((life.began or 0) - day, 1)
    stage.at(stage.ago(found, life.part.zone, 13))
    departure = Departure(
        category=category,
        impact=impact,
        happened_on=stage.ago(found + 1, life.part.zone).date(),
        found_on=stage.ago(found, life.part.zone).date(),
        description=words,
        corrective_action="talked over with the site" if impact == "important" else "",
        is_closed=impact == "important",
    )
    stage.do(
        "a deviation",
        lambda s: deviating.record(s, life.person(s), departure, by=living.STAFF),
    )
