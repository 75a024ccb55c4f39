"""What a played trial comes to: counts, responses, visits and alerts, held against the player's truths."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from lives_forbidden import forbidden
from played import Player
from played_calendar import DAY
from played_cast import WEEKS, Shape
from played_looks import differs
from played_stage import Script, Stage, revised
from sqlalchemy import text

from hometrial.services import enrolling
from hometrial.services.agreeing import reading, reconsenting, signing
from hometrial.services.asking import opening, scores, submitting
from hometrial.services.safety import alerts
from hometrial.services.trial import counting, following, publishing, revealing, schemes, visiting

_STRAY = """
    SELECT r.form FROM response r JOIN sitting s ON s.response_id = r.id AND NOT s.is_staff LEFT JOIN
    (SELECT min(signed_at) AS at FROM consent_signature WHERE participant_id = :person) signed ON true
    LEFT JOIN (SELECT min(decided_at) AS at FROM withdrawal_choice
        WHERE participant_id = :person AND choice = 'withdraw_completely') gone ON true
    WHERE r.participant_id = :person AND (signed.at IS NULL OR s.began_at < signed.at OR s.began_at > gone.at)
"""
"""What a person opened before they signed or after they left; staff may still enter what was before."""


@dataclass
class Sums:
    """One line of the table."""

    protocol: str
    people: int = 0
    days: int = 0
    visits_due: int = 0
    visits_held: int = 0
    visits_outside: int = 0
    visits_missed: int = 0
    asked: int = 0
    handed_in: int = 0
    late: int = 0
    excused: int = 0
    doses_planned: int = 0
    doses_taken: int = 0
    looks: int = 0
    seconds: float = 0.0


def renewal(stage: Stage, shape: Shape, after: int = 120) -> Script:
    """Put a version into force that all are to sign anew; see who is asked, who signs, who is overdue."""
    yield stage.begin + after * DAY
    version = stage.publish(revised(stage.body))
    here = [each for each in shape.people if each.facts.days.get("consent") and _is_here(each)]
    _asked_again(stage, "asked to sign anew", here)
    yield stage.now + DAY
    slow = [each for each in here if each.number % 4 == 3]
    for player in here:
        if _is_here(player) and player not in slow:
            renew(player, version)
    yield stage.now + 15 * DAY
    _asked_again(stage, "overdue", [each for each in slow if _is_here(each)], only_overdue=True)


def _is_here(player: Player) -> bool:
    return "withdraw_completely" not in player.facts.choices


def _asked_again(
    stage: Stage, what: str, right: list[Player], *, only_overdue: bool = False
) -> None:
    found = reconsenting.everyone_due(stage.session, stage.protocol, on_drug=())
    told = sorted(each.person.code for each in found if each.is_overdue or not only_overdue)
    if told != sorted(each.code for each in right):
        stage.fault(f"{what}: {told}, and not {sorted(each.code for each in right)}")


def renew(player: Player, version: Any) -> None:
    """Read what changed, sign it, and follow the new version."""
    session, person = player.session, player.person
    (due,) = reconsenting.due(session, person, is_on_drug=True)
    for section in due.sections:
        reading.read(session, person, due.offer, section)
    signing.sign(session, player.stage.keys, person, due.offer, player.act)
    following.move(session, person, version)


def sum_up(stage: Stage, shape: Shape) -> Sums:
    """Compare all that the trial comes to, and return its line of the table."""
    _flow(stage, shape)
    if stage.file["allocation"]["method"] != "not_allocated":
        _allocation(stage, shape)
    if stage.protocol == "ldn-crohns":
        _responses(stage, shape)
    for player in shape.people:
        _records(player)
    return _line(stage, shape)


def _by_site(stage: Stage, shape: Shape) -> None:
    """Compare how many came at each site, of a trial at several."""
    for turn, code in enumerate(stage.sites):
        if code is None:
            return
        at = enrolling.find_site(stage.session, code)
        flow = counting.flow(stage.session, stage.protocol, site=at)
        here = [each for each in shape.people if each.number % len(stage.sites) == turn]
        right = (len(here), sum(each.outcome == "eligible" for each in here))
        if (flow.assessed, flow.eligible) != right:
            stage.fault(f"people at {code}: services {flow}, and not {right}")


def _flow(stage: Stage, shape: Shape) -> None:
    flow, people = counting.flow(stage.session, stage.protocol), shape.people
    _by_site(stage, shape)
    outcomes = Counter(each.outcome for each in people)
    right = (
        len(people), outcomes["eligible"], outcomes["declined"], outcomes["open"],
        dict(Counter(each.expected[0] for each in people if each.expected)),
        dict(Counter(each.facts.arm for each in people if "randomisation" in each.facts.days)),
    )  # fmt: skip
    told = (
        flow.assessed,
        flow.eligible,
        flow.declined,
        flow.open,
        flow.failed,
        flow.allocated_by_arm,
    )
    if told != right:
        stage.fault(f"flow {told}, and not {right}")
    for each in people:
        differs(each, "criteria not met", each.failing, each.expected)
        gone = "withdraw_completely" in each.facts.choices
        differs(each, "status", each.person.status == "withdrawn", gone)


def _allocation(stage: Stage, shape: Shape) -> None:
    """See that each stratum fills its blocks of two or four, and that the sealed seed draws what was drawn."""
    for level in ("mild", "moderate", "severe"):
        arms = [
            each.facts.arm
            for each in sorted(shape.people, key=lambda e: e.allocated_at or stage.begin)
            if each.allocated_at and each.answers["me_severity"] == level
        ]
        lead = 0
        for arm in arms:
            lead += 1 if arm == "IMM" else -1
            if abs(lead) > 2:
                stage.fault(f"stratum {level}: {arms} is of no blocks of two or four")
    (scheme,) = schemes.schemes_of(stage.session, stage.protocol)
    revealing.reveal(stage.session, stage.key, scheme, by="ann", because="the trial is over")
    wrong = revealing.verify(stage.session, scheme)
    if wrong:
        stage.fault(f"{len(wrong)} allocations are not as drawn")


def _responses(stage: Stage, shape: Shape) -> None:
    """Compare the indices that are kept, and who responded by them, with what was reckoned by hand."""
    protocol = publishing.of(publishing.in_force(stage.session, stage.protocol))
    marks = [next(r for r in protocol.responders if r.id == name).marks[0]
             for name in ("response_70", "response_100", "remission")]  # fmt: skip
    for player in shape.people:
        if "W12#1" not in player.index:
            continue
        _, _, hand, right = WEEKS[player.number % len(WEEKS)]
        before, now = (_kept_index(player, name) for name in ("W0#1", "W12#1"))
        if abs(now - hand) > 1e-9:
            stage.fault(f"{player.code}: index of week 12 {now}, and not {hand}")
        differs(player, "responses", tuple(each.reached(before, now) for each in marks), right)


def _kept_index(player: Player, name: str) -> float:
    held = opening.response_of(player.session, player.person, "cdai", name)
    assert held is not None
    submission = submitting.of_response(player.session, held.id)
    assert submission is not None
    found = scores.newest(player.session, submission)
    assert found is not None
    return float(found.scores["total"])


def _records(player: Player) -> None:
    if player.id is None:
        return
    told = {
        (row.visit, row.number): (row.outcome, row.day, row.days_outside or 0)
        for row in visiting.records(player.session, player.person)
    }
    differs(player, "records of visits", told, player.held)
    for each in forbidden(player.session, player.id):
        player.stage.fault(f"{player.code}: {each}")
    stray = player.session.execute(text(_STRAY), {"person": player.id}).scalars().all()
    differs(player, "forms before consent or after withdrawal", stray, [])
    found = alerts.states(player.session, person=player.person, only_open=False)
    opioid = [(e.alert.level, e.alert.created_at) for e in found if e.alert.rule == "OP1"]
    differs(player, "alerts of opioids", opioid, [("red", at) for at in player.told_opioid])


def _line(stage: Stage, shape: Shape) -> Sums:
    found = Sums(stage.protocol, looks=stage.looks)
    for player in shape.people:
        found.people += 1
        found.days += (player.over_on - player.first_day).days if player.over_on else 1
        outcomes = list(player.held.values())
        found.visits_held += sum(each[0] == "held" for each in outcomes)
        found.visits_outside += sum(each[2] != 0 for each in outcomes)
        found.visits_missed += sum(each[0] == "missed" for each in outcomes)
        found.visits_due += len(player.held)
        totals = player.totals
        found.asked += sum(totals.values())
        found.handed_in += totals.get("answered", 0)
        found.late += totals.get("late", 0)
        found.excused += totals.get("excused", 0)
        found.doses_planned += player.doses[0]
        found.doses_taken += player.doses[1]
    return found


def is_still_alive(shape: Shape) -> list[str]:
    """Return who never came to the end."""
    return [each.code for each in shape.people if not each.done]
