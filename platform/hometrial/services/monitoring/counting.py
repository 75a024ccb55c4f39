"""How many values are drawn, verified and dropped, by person and kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from hometrial.models import VERIFIABLE
from hometrial.services.monitoring import values, verifying
from hometrial.services.monitoring.sampling import Drawn


@dataclass(frozen=True)
class Share:
    """Of one kind: values in the sample, how many of them are verified, marks that dropped."""

    drawn: int
    verified: int
    dropped: int


def shares(
    session: Session, people: Mapping[UUID, str], drawn: Drawn
) -> dict[UUID, dict[str, Share]]:
    """Return of each person by kind what is drawn, verified and dropped."""
    ids = list(people)
    marks = verifying.newest_marks(session, ids)
    gone = verifying.dropped(session, ids)
    found: dict[UUID, dict[str, Share]] = {each: {} for each in ids}
    for kind in VERIFIABLE:
        if not drawn.shares.get(kind):
            continue
        for person, keys in values.counted(session, ids, kind).items():
            sample = {key for key in keys if drawn.holds(people[person], kind, key)}
            lost = {each.key for each in gone[person] if each.kind == kind}
            seen = {key for of, key in marks[person] if of == kind}
            found[person][kind] = Share(len(sample), len(sample & (seen - lost)), len(lost))
    return found
