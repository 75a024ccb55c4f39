"""An actor: somebody of the staff with their roles at sites, and the one question of what they may do there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.models import Site, StaffAccount, StaffGrant
from hometrial.services.staffing.permissions import ACTIONS


class NotPermittedError(TrialError):
    """Something that no role of this person allows; the sentence says which roles do."""


@dataclass(frozen=True)
class Held:
    """A role that somebody holds, at one site or (None) at all."""

    role: str
    site_id: UUID | None


@dataclass(frozen=True)
class Actor:
    """Who acts: their account, what they hold, and the sites that exist."""

    account_id: UUID
    name: str
    full_name: str
    held: tuple[Held, ...]
    all_sites: tuple[UUID, ...]

    @property
    def actor(self) -> str:
        """The name under which the audit trail keeps them."""
        return f"staff:{self.name}"

    @property
    def roles(self) -> tuple[str, ...]:
        """Their roles, each once."""
        return tuple(dict.fromkeys(each.role for each in self.held))

    def may(self, action: str) -> bool:
        """Say whether they may do this anywhere."""
        return any(_allows(each, action) for each in self.held)

    def sites(self, action: str) -> frozenset[UUID]:
        """Return the sites at which they may do this: whose people they see while they do."""
        found: set[UUID] = set()
        for each in self.held:
            if _allows(each, action):
                found.update(self.all_sites if each.site_id is None else (each.site_id,))
        return frozenset(found)


def _allows(held: Held, action: str) -> bool:
    known = ACTIONS.get(action)
    if known is None or held.role not in known.roles:
        return False
    # To see every site and to write about its people never go together (trust.md TM5).
    return held.site_id is not None or not (known.writes and known.of == "people")


def authorise(actor: Actor, action: str) -> frozenset[UUID]:
    """Return the sites at which an actor may do this.

    Whatever lies elsewhere is not found, as the tables hold the actor to these sites. Raises NotPermittedError.
    """
    if not actor.may(action):
        known = ACTIONS[action]
        roles = ", ".join(role.replace("_", " ") for role in sorted(known.roles))
        raise NotPermittedError(
            f"{actor.name} may not {known.words}: that is for {roles}"
            + (", at sites that are named one by one" if known.writes else "")
        )
    return actor.sites(action)


def actor_of(session: Session, account: StaffAccount) -> Actor:
    """Return an account with what it holds now: approved and not ended."""
    return actors(session, [account])[0]


def actors(session: Session, accounts: Sequence[StaffAccount]) -> list[Actor]:
    """Return accounts with what they hold now, in the same order; who is disabled holds nothing."""
    held = _held(session, [each.id for each in accounts if each.disabled_at is None])
    every = tuple(session.scalars(select(Site.id).order_by(Site.code)))
    return [
        Actor(each.id, each.name, each.full_name, held.get(each.id, ()), every) for each in accounts
    ]


def _held(session: Session, ids: Iterable[UUID]) -> dict[UUID, tuple[Held, ...]]:
    found = session.execute(
        select(StaffGrant.account_id, StaffGrant.role, StaffGrant.site_id)
        .where(
            StaffGrant.account_id.in_(list(ids)),
            StaffGrant.approved.is_(True),
            StaffGrant.ended_at.is_(None),
        )
        .order_by(StaffGrant.role, func.coalesce(StaffGrant.site_id, StaffGrant.id))
    )
    held: dict[UUID, tuple[Held, ...]] = {}
    for account, role, site in found:
        held[account] = (*held.get(account, ()), Held(role, site))
    return held
