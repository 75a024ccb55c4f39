"""Rules that open queries by themselves and close them once they hold again (A30); the like for many at once (R20)."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Participant, Query
from hometrial.services.querying import data_rules, steps
from hometrial.services.querying.data_rules import Broken, DataRule
from hometrial.services.querying.steps import QueryRefusedError

AGAIN = "the rule holds again"
Place = tuple[UUID, str]


@dataclass(frozen=True)
class Swept:
    """How many queries were opened and closed."""

    opened: int
    closed: int


def sweep(session: Session) -> Swept:
    """Ask every rule: open what newly breaks one that opens queries, close what holds again."""
    opened = closed = 0
    for rule in data_rules.RULES.values():
        found = data_rules.broken(session, rule)
        closed += _close_what_holds(session, rule, found)
        if rule.opens:
            opened += _open_what_breaks(session, rule, found)
    return Swept(opened, closed)


def ask_about_all(session: Session, rule: DataRule, by: str) -> int:
    """Open a query about everything that breaks a rule now and is not asked about yet; return how many."""
    return _open(session, rule, data_rules.broken(session, rule), by)


def _close_what_holds(session: Session, rule: DataRule, found: Iterable[Broken]) -> int:
    still = {(each.participant_id, each.subject) for each in found}
    waiting = session.scalars(
        select(Query).where(
            Query.rule == rule.name, Query.subject != steps.ROWS, Query.closed_at.is_(None)
        )
    ).all()
    gone = [each for each in waiting if (each.participant_id, each.subject) not in still]
    for each in gone:
        steps.shut(session, each, AGAIN, f"rule:{rule.name}")
    return len(gone)


def _open_what_breaks(session: Session, rule: DataRule, found: Iterable[Broken]) -> int:
    """Open what is not asked about, and was not closed by somebody who knew that it breaks the rule."""
    settled = {
        (person, subject)
        for person, subject in session.execute(
            select(Query.participant_id, Query.subject).where(
                Query.rule == rule.name,
                Query.subject != steps.ROWS,
                Query.closed_at.is_not(None),
                Query.closed_by != f"rule:{rule.name}",
            )
        )
    }
    fresh = [each for each in found if (each.participant_id, each.subject) not in settled]
    return _open(session, rule, fresh, f"rule:{rule.name}")


def _open(session: Session, rule: DataRule, found: Iterable[Broken], by: str) -> int:
    asked = {
        (person, subject)
        for person, subject in session.execute(
            select(Query.participant_id, Query.subject).where(
                Query.rule == rule.name, Query.closed_at.is_(None)
            )
        )
    }
    new = [each for each in found if (each.participant_id, each.subject) not in asked]
    people = {
        person.id: person
        for person in session.scalars(
            select(Participant).where(Participant.id.in_({each.participant_id for each in new}))
        )
    }
    for each in new:
        question = steps.Question(
            people[each.participant_id],
            each.subject,
            each.question,
            rule.signal,
            each.day,
            rule.name,
        )
        steps.ask(session, question, by)
    return len(new)


def rule_named(name: str) -> DataRule:
    """Return a rule. Raises QueryRefusedError if there is none of this name."""
    if name not in data_rules.RULES:
        raise QueryRefusedError(
            f"there is no rule {name!r}; there are {', '.join(data_rules.RULES)}"
        )
    return data_rules.RULES[name]
