"""What befell some of the demo's people, so that each thing that a day of a trial can bring stands there once or more."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.cli import living
from hometrial.cli.stage import watches
from hometrial.cli.stage.life import Life
from hometrial.cli.stage.playing import Stage
from hometrial.errors import TrialError
from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.safety.details import Details
from hometrial.services import consenting
from hometrial.services.agreeing import leaving
from hometrial.services.asking import resting
from hometrial.services.dosing import medicating, ordering, telling
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.safety import reporting
from hometrial.services.safety.reporting import Said
from hometrial.services.syncing import accounts, vault
from hometrial.services.syncing.outcomes import WrongAccount
from hometrial_ingest.provider import Account, Grant, ReconnectNeededError

LEAVING = {
    3: ("withdraw_completely", 20),
    7: ("stop_drug", 12),
    10: ("stop_diaries", 9),
    12: ("stop_wearable", 6),
}
"""Of those on the drug, by place among them: what each chose, and how many days ago."""
_TAKES_DRUG_ON = {"stop_diaries", "stop_wearable"}
_MILD = ("vivid_dreams", "headache", "nausea", "trouble_sleeping", "dizziness")
ON_DRUG = 18
HELD, LOWERED, RESTING, PAUSED, OPIOID, RAN_OUT, SERIOUS, TOLD = 14, 15, 16, 17, 6, 19, 9, 13
"""Places among those on the drug of whom something else befell."""


def last_dose_ago(place: int) -> int:
    """Return how many days ago the person at a place among those on the drug took the last dose; 0: goes on."""
    choice, ago = LEAVING.get(place, ("", 0))
    if place == RAN_OUT:
        return 2
    return 0 if choice in _TAKES_DRUG_ON or not choice else ago + 1


def befall(stage: Stage, everybody: Sequence[Life], treated: Sequence[Life]) -> None:
    """Let everything befall whom it is meant for, in the order of time."""
    _leave(stage, everybody, treated)
    for place, life in enumerate(treated):
        if place % 3 == 0:
            _mild(stage, life, place)
    _severe(stage, treated[HELD], treated[SERIOUS], treated[TOLD])
    _doses(stage, treated)
    _rest(stage, everybody, treated)
    _watch(stage, everybody)


def _leave(stage: Stage, everybody: Sequence[Life], treated: Sequence[Life]) -> None:
    in_run_in = [life for life in everybody if life.part.signed in (9, 6)]
    chosen = [(treated[place], *what) for place, what in LEAVING.items()]
    chosen.append((in_run_in[0], "withdraw_completely", 3))
    for life, choice, ago in chosen:
        stage.at(stage.ago(ago, life.part.zone, 15))
        said = leaving.Said(by=life.code, reason="too much beside the illness")
        stage.do(
            f"a person chooses {choice}",
            lambda s: leaving.choose(s, {}, life.person(s), choice, said=said),  # noqa: B023 - done at once
        )


def _mild(stage: Stage, life: Life, place: int) -> None:
    ago = min((life.began or 0) // 2, 30) + 1
    stage.at(stage.ago(ago, life.part.zone, 11))
    known = Details(
        verbatim="as it was told at the call",
        term=_MILD[place % len(_MILD)],
        start=f"{stage.ago(ago + 1, life.part.zone).date()}",
        grade=1,
        serious=(),
        related=place % 2 == 0,
        action="none",
        outcome="recovering",
        ongoing=True,
    )
    said = Said(living.DOCTOR, "contact", "staff", learned_at=stage.ago(ago, life.part.zone, 10))
    stage.do("a mild event", lambda s: reporting.report(s, life.person(s), known, said))


def _severe(stage: Stage, held: Life, serious: Life, told: Life) -> None:
    stage.at(stage.ago(3, held.part.zone, 11))
    second = Details(
        verbatim="nausea, could not eat all day",
        term="nausea",
        start=f"{stage.ago(4, held.part.zone).date()}",
        grade=2,
        serious=(),
        related=True,
        action="held",
        outcome="not_recovered",
        ongoing=True,
    )
    learned = stage.ago(3, held.part.zone, 10)
    said = Said(living.DOCTOR, "contact", "staff", learned_at=learned)
    stage.do("an event of grade 2", lambda s: reporting.report(s, held.person(s), second, said))
    stage.at(stage.today - timedelta(hours=9))
    third = Details(
        verbatim="fainted, taken to hospital for a night",
        term="dizziness",
        start=f"{stage.ago(1, serious.part.zone).date()}",
        grade=3,
        serious=("hospitalisation",),
        related=True,
        expected=False,
        outcome="recovering",
        ongoing=True,
    )
    now = Said(living.DOCTOR, "contact", "staff", learned_at=stage.today - timedelta(hours=10))
    stage.do("a serious event", lambda s: reporting.report(s, serious.person(s), third, now))
    _told(stage, told)


def _told(stage: Stage, life: Life) -> None:
    """A person reports; the site judges it at the call; the person tells it anew, and that waits for the site."""
    own = Details(
        verbatim="headache every evening since the new dose", term="headache", severity="mild",
        start=f"{stage.ago(3, life.part.zone).date()}", ongoing=True,
    )  # fmt: skip
    word = Said(life.code, "participant", "participant")
    stage.at(stage.today - timedelta(hours=39))
    event = stage.do("a person reports", lambda s: reporting.report(s, life.person(s), own, word))
    stage.at(stage.today - timedelta(hours=30))
    at_the_call = Said(living.DOCTOR, "contact", "staff", learned_at=clock.now())
    judged = {"grade": 1, "serious": (), "related": True}
    stage.do(
        "an event is judged",
        lambda s: reporting.amend(
            s, s.merge(event), judged, at_the_call, because="asked at the call"
        ),
    )
    stage.at(stage.today - timedelta(hours=15))
    stage.do(
        "a person tells it anew",
        lambda s: reporting.amend(
            s, s.merge(event), {"severity": "moderate"}, word, because="it is worse since then"
        ),
    )


def _doses(stage: Stage, treated: Sequence[Life]) -> None:
    doctor = Word(living.DOCTOR, Role.INVESTIGATOR, "a related event of grade 2")
    held, lowered, empty, opioid = (treated[each] for each in (HELD, LOWERED, RAN_OUT, OPIOID))
    stage.at(stage.ago(2, held.part.zone, 12))
    stage.do("a hold", lambda s: ordering.by_rule(s, held.person(s), doctor, "H1"))
    stage.at(stage.ago(1, lowered.part.zone, 12))
    less = Word(living.DOCTOR, Role.INVESTIGATOR, "sleeps badly on this dose")
    stage.do("a step down", lambda s: ordering.step_down(s, lowered.person(s), less))
    stage.at(stage.ago(1, empty.part.zone, 19))
    word = Word(empty.code, Role.PARTICIPANT)
    first = stage.ago(1, empty.part.zone).date()
    stage.do(
        "no drug is left",
        lambda s: telling.interrupted(s, empty.person(s), word, Reason.RAN_OUT, first),
    )
    stage.at(stage.today - timedelta(hours=3))
    codeine = medicating.Told("codeine", dose="30 mg", began=f"{first}")
    own = Word(opioid.code, Role.PARTICIPANT)
    stage.do("an opioid", lambda s: medicating.add(s, opioid.person(s), own, codeine))
    stage.at(stage.ago(20, opioid.part.zone, 12))
    for life in treated[::4]:
        usual = medicating.Told("paracetamol", dose="500 mg", indication="headache", began="2026")
        site = Word(living.STAFF, Role.SITE)
        stage.do("a medicine", lambda s: medicating.add(s, life.person(s), site, usual))  # noqa: B023 - done at once


def _rest(stage: Stage, everybody: Sequence[Life], treated: Sequence[Life]) -> None:
    stage.at(stage.today - timedelta(hours=2))
    in_run_in = next(life for life in everybody if life.part.signed == 8)
    for life in (treated[RESTING], in_run_in):
        stage.do("a bad day", lambda s: resting.tap(s, life.person(s), by=life.code))  # noqa: B023 - done at once
    paused = treated[PAUSED]
    since, until = stage.ago(3, paused.part.zone, 8), stage.today + timedelta(days=6)
    stage.do(
        "a rest from the study",
        lambda s: consenting.pause(s, paused.person(s), since, until, "a week at the sea"),
    )


def _watch(stage: Stage, everybody: Sequence[Life]) -> None:
    """Link two accounts, of which one gives nothing any more, and of the other nothing comes."""
    for life in everybody:
        if life.part.number in (watches.QUIET, watches.DEAD):
            stage.at(stage.ago(20, life.part.zone))
            stage.do("a watch is linked", lambda s: _link(stage, s, life))  # noqa: B023 - done at once
    stage.at(stage.today - timedelta(hours=20))


def _link(stage: Stage, session: Session, life: Life) -> None:
    person, settings = life.person(session), stage.database.settings
    known = Account(f"demo-{life.part.number}")
    account = accounts.bind(session, person.id, "google-health", known)
    if isinstance(account, WrongAccount):
        raise TrialError(f"the demo's account {known.external_id} is another person's")
    grant = Grant(f"demo-{life.part.number}", 3600, frozenset(), f"demo-{life.part.number}")
    vault.keep(session, vault.keys(settings), account, grant)
    accounts.activate(session, person.id, account, ["heart-rate", "steps", "sleep"], None)
    if life.part.number == watches.DEAD:
        gone = ReconnectNeededError("the person took the access back at the provider")
        accounts.lost(session, account, gone)
