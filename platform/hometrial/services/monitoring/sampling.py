"""The sampled plan: which share of each kind is verified, drawn by a seed, so that anybody draws the same sample again.

A value is in the sample if the first eight bytes of SHA-256(seed/person/kind/key) lie within the share: what comes
later is drawn by the same rule, what is corrected stays in or out, and nobody chooses.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import VERIFIABLE, SamplingPlan

SHARES: Mapping[str, int] = {
    "consent": 100,
    "eligibility": 100,
    "dose": 20,
    "adverse_event": 100,
    "questionnaire": 100,
    "visit": 50,
    "wearable_day": 10,
}
"""Percent, until somebody decides otherwise."""
_SPAN = 2**64


class PlanRefusedError(TrialError):
    """A plan of sampling that cannot be."""


@dataclass(frozen=True)
class Drawn:
    """The plan by which a sample is drawn; `number` None: nobody has made one, nothing is drawn."""

    plan: SamplingPlan | None

    @property
    def shares(self) -> Mapping[str, int]:
        """Percent by kind."""
        return {} if self.plan is None else self.plan.shares

    def holds(self, code: str, kind: str, key: str) -> bool:
        """Say whether a value is in the sample."""
        return self.plan is not None and is_drawn(
            self.plan.seed, self.shares.get(kind, 0), code, kind, key
        )


def is_drawn(seed: str, share: int, code: str, kind: str, key: str) -> bool:
    """Say whether a value is drawn by a seed at a share in percent."""
    if share in (0, 100):
        return share == 100
    digest = hashlib.sha256(f"{seed}/{code}/{kind}/{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") * 100 < share * _SPAN


def newest(session: Session) -> Drawn:
    """Return the plan that holds."""
    return Drawn(
        session.scalars(select(SamplingPlan).order_by(SamplingPlan.number.desc()).limit(1)).first()
    )


def plans(session: Session) -> list[SamplingPlan]:
    """Return every plan there was, the newest first."""
    return list(session.scalars(select(SamplingPlan).order_by(SamplingPlan.number.desc())))


def plan(session: Session, shares: Mapping[str, int], *, by: str, because: str) -> SamplingPlan:
    """Make a new plan; its seed is the machine's. Raises PlanRefusedError."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('hometrial.sampling_plan'))"))
    missing = sorted(set(VERIFIABLE) ^ set(shares))
    if missing:
        raise PlanRefusedError(f"{missing[0]}: give a share for each of {', '.join(VERIFIABLE)}")
    for kind, share in shares.items():
        if not 0 <= share <= 100:
            raise PlanRefusedError(f"{kind}: {share} is no percentage; give 0 to 100")
    if not because.strip():
        raise PlanRefusedError("because: say why these shares")
    before = newest(session).plan
    row = SamplingPlan(
        number=1 if before is None else before.number + 1,
        shares=dict(shares),
        # The first plan's seed stays: another share draws more or fewer of the same, not others.
        seed=secrets.token_hex(16) if before is None else before.seed,
        made_at=clock.now(),
        made_by=by,
        because=because,
    )
    session.add(row)
    session.flush()
    return row
