"""Looks at what the services say of one person, held against what the file and the player's own truths say."""

from datetime import date, datetime, timedelta
from typing import Any

from played import Player, has_words
from played_calendar import DAY, SAFETY_ONLY, clock_of, questions, visits

from hometrial.protocol.calendar import Span
from hometrial.protocol.dosing.refusing import RecordRefusedError
from hometrial.services.asking import completeness, occasions
from hometrial.services.asking import today as asking
from hometrial.services.dosing import reporting
from hometrial.services.dosing import today as dosing
from hometrial.services.dosing.reporting import NothingOrderedError
from hometrial.services.trial import calendars

NEAR = timedelta(hours=30)
NIGHT_ENDS = 4


def differs(player: Player, what: str, told: Any, right: Any) -> None:
    """Keep a difference, only the parts that differ of what has parts."""
    if told == right:
        return
    if isinstance(told, dict) and isinstance(right, dict):
        told, right = (
            {key: each for key, each in mine.items() if other.get(key) != each}
            for mine, other in ((told, right), (right, told))
        )
    player.stage.fault(f"{player.code} {what}: services {told!r}, file {right!r}")


def look(player: Player) -> None:
    """Compare everything that the services say of this moment."""
    player.stage.looks += 1
    visits_of(player)
    questions_of(player)
    doses_of(player)


def visits_of(player: Player) -> None:
    """Compare the visits: which, their windows to the instant, and how they stand."""
    now = player.stage.now
    told = {
        (line.due.visit, line.due.number): (
            line.due.due, line.due.window.first, line.due.window.last,
            line.opening.opens_at, line.opening.closes_at, str(line.status), line.days_outside,
        )
        for line in calendars.agenda(player.session, player.person).lines
    }  # fmt: skip
    right = {}
    for each in visits(player.facts):
        record = player.held.get((each.id, each.number))
        status = "due" if now < each.closes else "overdue"
        status = "upcoming" if now < each.opens else status
        chosen = [at for choice, at in player.facts.choices.items() if choice in SAFETY_ONLY]
        status = "stopped" if chosen and min(chosen) < each.closes else status
        status = record[0] if record else status
        outside = record[2] if record and record[0] == "held" else None
        right[each.id, each.number] = (
            each.due, each.first, each.last, each.opens, each.closes, status, outside
        )  # fmt: skip
    differs(player, "visits", told, right)


def questions_of(player: Player) -> None:
    """Compare the questionnaires that are near: when each opens and closes; and the list of today."""
    now, facts = player.stage.now, player.facts
    calendar = occasions.calendar_of(player.session, player.person)
    day = player.today
    found = occasions.occasions(calendar, Span(day - 2 * DAY, day + 2 * DAY))
    told = {
        (each.form.id, each.name): (
            each.due, each.opening.opens_at, each.opening.closes_at, each.asked, each.optional,
            each.extended_by, each.is_of_person,
        )
        for each in found
    }  # fmt: skip
    right = {
        key: (
            each.due,
            each.opens,
            each.closes,
            each.how,
            each.optional,
            each.extra,
            each.of_person,
        )
        for key, each in questions(facts, day).items()
    }
    near = [
        {key: each for key, each in mine.items() if each[1] <= now + NEAR and each[2] >= now - NEAR}
        for mine in (told, right)
    ]
    differs(player, "questions", *near)
    _today(player, now)
    edges = sorted({at for each in near[1].values() for at in each[1:3] if abs(at - now) < NEAR})
    if edges and player.daily:
        edge = player.rng.choice(edges)
        for moment in (edge - timedelta(microseconds=1), edge):
            _today(player, moment)


def _today(player: Player, moment: datetime) -> None:
    listed = asking.today(player.session, player.person, "en", moment)
    told = {(e.occasion.form.id, e.occasion.name): (e.state, e.closes_at) for e in listed}
    differs(player, f"list of {moment}", told, to_do(player, moment))


def to_do(player: Player, moment: datetime) -> dict[Any, Any]:
    """Return what the person has to fill in at a moment, by the file."""
    gone = player.facts.choices.get("withdraw_completely")
    if gone is not None and moment >= gone:
        return {}
    right = {}
    for key, each in questions(player.facts, player.facts.today(moment)).items():
        handed = player.handed.get(key)
        is_open = each.opens <= moment < each.closes and each.of_person and each.how != "excused"
        if is_open and handed in (None, "too ill") and has_words(player.stage, key[0]):
            state = "too_ill" if handed else "begun" if key in player.begun else "new"
            right[key] = (state, each.closes)
    return right


def doses_of(player: Player) -> None:
    """Compare the day's dose: what stands, what is still to be taken, and what is asked."""
    facts, drug, today = player.facts, player.drug, player.today
    try:
        told = dosing.today(player.session, player.person)
    except RecordRefusedError:
        differs(player, "doses", "refused", "refused" if facts.arm is None else "told")
        return
    stops = {"stop_drug", "stop_drug_safety_only", "withdraw_completely"}
    keeps_off = drug.opioid_free is None or drug.opioid_free > today
    no_drug = bool(stops & set(facts.choices)) or keeps_off
    before = today - DAY
    night = clock_of(facts.homes, player.stage.now).hour < NIGHT_ENDS and not no_drug
    state, _ = drug.stands(today)
    right = {
        "on": today,
        "state": state,
        "mg": drug.mg(today),
        "due": () if no_drug else drug.due(today),
        "last night": tuple(each for each in drug.due(before) if each[0] == "evening")
        if night
        else (),
        "gap": drug.gap(today) is not None,
        "opioid": keeps_off,
        "no drug": bool(stops & set(facts.choices)),
        "asked": set() if no_drug else _asked(player),
    }
    found = {
        "on": told.on,
        "state": str(told.standing.state),
        "mg": told.standing.mg,
        "due": tuple((str(each.part.time_of_day), each.part.mg) for each in told.due),
        "last night": tuple((str(each.part.time_of_day), each.part.mg) for each in told.last_night),
        "gap": told.gap is not None,
        "opioid": bool(told.conflicts),
        "no drug": told.takes_no_drug,
        "asked": {each.name for each in told.asked},
    }
    differs(player, "doses", found, right)


def _asked(player: Player) -> set[str]:
    drug, today = player.drug, player.today
    held = {
        "YESTERDAY": drug.status(today - DAY) == "unknown",
        "DRUG_AGAIN": drug.open_gap() is not None,
        "STEP_UP": drug.may_step_up(today),
    }
    return {name for name, is_so in held.items() if is_so}


def whole(player: Player) -> dict[str, int]:
    """Compare the whole of a person's questionnaires, to the instant, with what became of each; return counts."""
    player.stage.looks += 1
    now = player.stage.now
    lines = completeness.lines(player.session, player.person, "en")
    told = {
        (line.occasion.form.id, line.occasion.name): (
            line.occasion.opening.opens_at, line.occasion.opening.closes_at, str(line.fate)
        )
        for line in lines
    }  # fmt: skip
    right = {}
    for key, each in questions(player.facts).items():
        if each.of_person and each.opens <= now and has_words(player.stage, key[0]):
            fate = _fate(
                player.handed.get(key), excused=each.how == "excused", over=each.closes <= now
            )
            right[key] = (each.opens, each.closes, fate)
    differs(player, "completeness", told, right)
    tallies = completeness.tallies(lines)
    counts: dict[str, int] = {}
    for fate in ("answered", "late", "missed", "excused", "still_open"):
        name = fate.removeprefix("still_")
        counts[name] = sum(each[2] == name for each in right.values())
        differs(player, fate, sum(getattr(each, fate) for each in tallies), counts[name])
    return counts


def _fate(handed: str | None, *, excused: bool, over: bool) -> str:
    if handed is not None:
        return {"too ill": "excused"}.get(handed, handed)
    if excused:
        return "excused"
    return "missed" if over else "open"


def exposure_of(player: Player) -> tuple[int, int]:
    """Compare adherence and exposure from the first order to yesterday; return days planned and taken."""
    drug = player.drug
    first = min((day for day, _, _ in drug.orders), default=None)
    last = player.today - DAY
    try:
        told = reporting.report(player.session, player.person)
    except (NothingOrderedError, RecordRefusedError):
        differs(player, "exposure", None, first)
        return 0, 0
    assert first is not None
    counts, amounts = drug.counted(first, last), drug.total(first, last)
    whole_, seen = told.adherence, told.exposure
    differs(player, "adherence", (whole_.taken, whole_.missed, whole_.unknown),
            (counts["taken"], counts["missed"], counts["unknown"]))  # fmt: skip
    differs(player, "milligrams", (whole_.planned_mg, seen.least_mg, seen.most_mg), amounts)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    differs(
        player, "days of exposure", seen.least_days, sum(drug.amount(day)[0] > 0 for day in days)
    )
    planned = counts["taken"] + counts["missed"] + counts["unknown"]
    return planned, counts["taken"]


def nothing_more(player: Player) -> None:
    """See that of somebody whose trial is over nothing is due: no form, no dose, no visit that still opens."""
    listed = asking.today(player.session, player.person, "en")
    if listed:
        player.stage.fault(f"{player.code}: still asked {[each.occasion.name for each in listed]}")
    for line in calendars.agenda(player.session, player.person).lines:
        if str(line.status) in ("due", "upcoming"):
            player.stage.fault(f"{player.code}: {line.due.visit} is still {line.status}")
    if player.facts.arm and dosing.today(player.session, player.person).due:
        player.stage.fault(f"{player.code}: a dose is still due")


def edges_of(player: Player) -> set[date]:
    """Return the days on which windows of visits begin or end, and their neighbours."""
    found: set[date] = set()
    for each in visits(player.facts):
        for day in (each.first, each.last):
            found |= {day - DAY, day, day + DAY}
    return found
