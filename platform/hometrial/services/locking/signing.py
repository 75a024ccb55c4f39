"""Two people sign a lock: the data manager and the investigator, each for the root hash and nothing else."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import LOCK_ROLES, DataLock, LockSignature
from hometrial.services.staffing.acting import Actor

MEANINGS = {
    "data_manager": "The data are as complete and as clean as the manifest says; open queries are listed in it.",
    "investigator": "I have reviewed what this lock holds and agree that it is analysed.",
}


_ONE_AT_A_TIME = 7_021_995
"""The advisory lock, with a lock's number, that whoever signs it holds up to the end of the transaction."""


class LockRefusedError(TrialError):
    """A signature under a lock that cannot be given like this."""


@dataclass(frozen=True)
class Standing:
    """A lock with who has signed it. It is one, and not a proposal, when both have."""

    lock: DataLock
    signatures: tuple[LockSignature, ...]

    @property
    def stands(self) -> bool:
        """Whether both have signed."""
        return len(self.signatures) == len(LOCK_ROLES)

    @property
    def awaits(self) -> tuple[str, ...]:
        """The roles that have not signed yet."""
        return tuple(
            role for role in LOCK_ROLES if role not in {each.role for each in self.signatures}
        )


def standings(session: Session, locks: list[DataLock]) -> list[Standing]:
    """Return locks with their signatures, in the order given."""
    found: dict[Any, list[LockSignature]] = {}
    wanted = [each.id for each in locks]
    rows = session.scalars(
        select(LockSignature)
        .where(LockSignature.lock_id.in_(wanted))
        .order_by(LockSignature.signed_at, LockSignature.id)
    )
    for row in rows:
        found.setdefault(row.lock_id, []).append(row)
    return [Standing(each, tuple(found.get(each.id, ()))) for each in locks]


def standing(session: Session, lock: DataLock) -> Standing:
    """Return a lock with its signatures."""
    return standings(session, [lock])[0]


def may_sign_as(found: Standing, signer: Actor) -> tuple[str, ...]:
    """Return the roles as which somebody can sign a lock now; none once they have signed it."""
    if not signer.may("lock.sign") or any(
        each.signed_by == signer.actor for each in found.signatures
    ):
        return ()
    return tuple(
        role for role in found.awaits if role in signer.roles and not _sites_without(signer, role)
    )


def _sites_without(signer: Actor, role: str) -> int:
    """Return at how many sites somebody does not hold a role: a lock holds everybody, so who signs has reviewed all."""
    at = {each.site_id for each in signer.held if each.role == role}
    if None in at:
        return 0
    return len(set(signer.all_sites) - at)


def sign(
    session: Session, lock: DataLock, role: str, signer: Actor, root: str, meaning: str = ""
) -> LockSignature:
    """Sign for a lock's root, which the signer has read. `meaning`: in other words than the house's.

    Raises LockRefusedError for an unknown role, one that the signer does not hold at every site or that has signed
    already, the same person twice, or another root than the lock's.
    """
    if role not in LOCK_ROLES:
        raise LockRefusedError(
            f"role: {role} does not sign locks; choose from {', '.join(LOCK_ROLES)}"
        )
    if role not in signer.roles:
        raise LockRefusedError(
            f"role: {signer.full_name} does not hold the role {role}, but {', '.join(signer.roles) or 'none'}; "
            "somebody who holds it signs"
        )
    without = _sites_without(signer, role)
    if without:
        raise LockRefusedError(
            f"role: a lock holds everybody, and {signer.full_name} is {role} at {len(signer.all_sites) - without} of "
            f"{len(signer.all_sites)} sites; who is {role} at every site signs"
        )
    if root != lock.root:
        raise LockRefusedError(
            f"root: {root[:16]} is not the root of lock {lock.name}, which is {lock.root}; read it again, then sign"
        )
    session.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME, lock.number)))
    for each in standing(session, lock).signatures:
        if each.role == role:
            raise LockRefusedError(
                f"role: {each.signed_name} has signed {lock.name} as {role} on {each.signed_at:%Y-%m-%d %H:%M} UTC"
            )
        if each.signed_by == signer.actor:
            raise LockRefusedError(
                f"{signer.full_name} has signed {lock.name} as {each.role}; another person signs as {role}"
            )
    made = LockSignature(
        lock_id=lock.id,
        role=role,
        signed_by=signer.actor,
        signed_name=signer.full_name,
        signed_at=clock.now(),
        meaning=meaning.strip() or MEANINGS[role],
        root=root,
    )
    session.add(made)
    session.flush()
    return made


def told(session: Session, lock: DataLock) -> list[dict[str, Any]]:
    """Return who signed a lock, as its folder tells it."""
    return [
        {
            "name": each.signed_name,
            "account": each.signed_by,
            "role": each.role,
            "signed_at": each.signed_at.astimezone(UTC).isoformat(timespec="seconds"),
            "meaning": each.meaning,
        }
        for each in standing(session, lock).signatures
    ]
