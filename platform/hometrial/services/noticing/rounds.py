"""One look at the whole study: what the tables tell of everybody at once."""

from sqlalchemy.orm import Session

from hometrial.services.noticing import causes, people, promised, wearing


def whole(session: Session) -> people.Everybody:
    """Bring work about everybody in line with what the tables tell at once: a fixed number of queries."""
    found = people.everybody(session)
    causes.settle(session, wearing.KINDS, wearing.find(session, found))
    causes.settle(session, promised.KINDS, promised.find(session, found))
    return found
