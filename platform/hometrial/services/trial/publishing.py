"""A protocol on its way into force: draft, diff, approved by another, published (D13).

A version in force is never edited: a new one supersedes it, and says what that asks of the people in it.
"""

from collections.abc import Sequence
from functools import cache, lru_cache

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import (
    Allocation,
    AllocationScheme,
    ProtocolDraftRevision,
    ProtocolDraftSubmission,
    ProtocolVersion,
)
from hometrial.protocol import difference, loading
from hometrial.protocol.checks.fault import Known
from hometrial.protocol.difference import Change
from hometrial.protocol.model import Protocol
from hometrial.questionnaires import loading as instruments
from hometrial.services.metrics.rules import RULES


class ProtocolRefusedError(TrialError):
    """A version that cannot take this step now."""


@cache
def known() -> Known:
    """Return what protocols of this installation may name: instruments with scores and items, daily metrics."""
    return Known(
        {
            name: {*(score.id for score in each.scores), *(item.id for item in each.items)}
            for name, each in instruments.shipped().items()
        },
        set(RULES),
    )


@lru_cache(maxsize=32)
def read(body: str, name: str) -> Protocol:
    """Return the protocol of a file. Raises DeclarationError with every fault of it."""
    return loading.load(body, name, known())


def of(version: ProtocolVersion) -> Protocol:
    """Return the protocol of a stored version."""
    return read(version.body, f"{version.protocol} {version.version}")


def load(
    session: Session, body: str, name: str, *, by: str, is_test: bool = False
) -> ProtocolVersion:
    """Keep a protocol as a draft; a draft of the same number is replaced, and kept as discarded.

    Raises DeclarationError with every fault of the file, ProtocolRefusedError if the number is taken by a
    version that is no draft, or does not follow the one in force.
    """
    protocol = read(body, name)
    _hold(session)
    present = in_force(session, protocol.id, is_test=is_test)
    _require_new_number(session, protocol, is_test=is_test)
    if present is not None and (faults := difference.successor_faults(of(present), protocol)):
        raise ProtocolRefusedError("; ".join(f"{name}: {fault}" for fault in faults))
    version = ProtocolVersion(
        protocol=protocol.id,
        version=protocol.version,
        is_test=is_test,
        state="draft",
        body=body,
        sha256=difference.version_hash(protocol),
        loaded_at=clock.now(),
        loaded_by=by,
    )
    session.add(version)
    session.flush()
    return version


def _require_new_number(session: Session, protocol: Protocol, *, is_test: bool) -> None:
    """Set a draft of the same number aside. Raises ProtocolRefusedError for a version that is further on."""
    same = session.scalars(
        select(ProtocolVersion).where(
            ProtocolVersion.protocol == protocol.id,
            ProtocolVersion.version == protocol.version,
            ProtocolVersion.is_test == is_test,
            ProtocolVersion.state != "discarded",
        )
    ).one_or_none()
    if same is None:
        return
    if same.state != "draft":
        raise ProtocolRefusedError(
            f"{protocol.id} {protocol.version} is {same.state} already; raise the version in the file"
        )
    same.state = "discarded"
    session.flush()


def changes(session: Session, version: ProtocolVersion) -> tuple[Change, ...]:
    """Return what a version changes against the one in force; nothing if it is the first."""
    present = in_force(session, version.protocol, is_test=version.is_test)
    if present is None or present.id == version.id:
        return ()
    return difference.differences(of(present), of(version))


def approve(session: Session, version: ProtocolVersion, *, by: str, because: str) -> None:
    """Approve a draft. Raises ProtocolRefusedError of no draft, and where nobody else looked at it."""
    if version.state != "draft":
        raise ProtocolRefusedError(
            f"{_named(version)} is {version.state}; only a draft is approved"
        )
    if version.loaded_by == by and not version.is_test:
        raise ProtocolRefusedError(
            f"{_named(version)} was loaded by {by}; somebody else has to approve it"
        )
    if by in authors(session, version) and not version.is_test:
        raise ProtocolRefusedError(
            f"{_named(version)} was written by {by} among others; somebody who wrote nothing of it has to approve it"
        )
    if not because.strip():
        raise ProtocolRefusedError(f"{_named(version)}: say why it is approved, for the trail")
    version.state, version.approved_at, version.approved_by = "approved", clock.now(), by
    version.approved_because = because
    session.flush()


def authors(session: Session, version: ProtocolVersion) -> frozenset[str]:
    """Return who loaded a version, and who saved any revision of the draft that it came from until then."""
    savers = session.scalars(
        select(ProtocolDraftRevision.saved_by)
        .join(
            ProtocolDraftSubmission,
            ProtocolDraftSubmission.draft_id == ProtocolDraftRevision.draft_id,
        )
        .where(
            ProtocolDraftSubmission.version_id == version.id,
            ProtocolDraftRevision.number <= ProtocolDraftSubmission.number,
        )
    )
    return frozenset({version.loaded_by, *savers})


def publish(session: Session, version: ProtocolVersion) -> tuple[Change, ...]:
    """Put an approved version into force; the one before is superseded. Return what changed.

    People stay on the version that they follow until they are moved (`following.move`).
    Raises ProtocolRefusedError if it is not approved, if another was published since, or if it lacks an arm that
    somebody is in.
    """
    _hold(session)
    session.refresh(version)
    if version.state != "approved":
        raise ProtocolRefusedError(
            f"{_named(version)} is {version.state}; `hometrial trial approve` comes first"
        )
    present = in_force(session, version.protocol, is_test=version.is_test)
    if present is not None and (faults := difference.successor_faults(of(present), of(version))):
        raise ProtocolRefusedError(f"{_named(version)}: {'; '.join(faults)}")
    _require_arms(session, version)
    changed = changes(session, version)
    if present is not None:
        present.state = "superseded"
        session.flush()
    version.state, version.published_at = "published", clock.now()
    session.flush()
    return changed


def _require_arms(session: Session, version: ProtocolVersion) -> None:
    """Refuse a version without an arm that somebody was drawn into: their plan, and their data, are of that arm."""
    named = {each.id for each in of(version).arms}
    counts = (
        select(Allocation.arm, func.count())
        .join(AllocationScheme, AllocationScheme.id == Allocation.scheme_id)
        .join(ProtocolVersion, ProtocolVersion.id == AllocationScheme.protocol_version_id)
        .where(
            ProtocolVersion.protocol == version.protocol, ProtocolVersion.is_test == version.is_test
        )
        .group_by(Allocation.arm)
        .order_by(Allocation.arm)
    )
    gone = [f"{arm} ({count})" for arm, count in session.execute(counts) if arm not in named]
    if gone:
        raise ProtocolRefusedError(
            f"{_named(version)}: arms: people are in {', '.join(gone)}, which this version has not; keep it"
        )


def in_force(session: Session, protocol: str, *, is_test: bool = False) -> ProtocolVersion | None:
    """Return the published version of a protocol, None if there is none."""
    return session.scalars(
        select(ProtocolVersion).where(
            ProtocolVersion.protocol == protocol,
            ProtocolVersion.is_test == is_test,
            ProtocolVersion.state == "published",
        )
    ).one_or_none()


def find(
    session: Session, protocol: str, version: str, *, is_test: bool = False
) -> ProtocolVersion:
    """Return a version by its number. Raises ProtocolRefusedError that lists those there are."""
    rows = versions(session, protocol)
    for each in rows:
        if (each.version, each.is_test) == (version, is_test) and each.state != "discarded":
            return each
    listed = ", ".join(each.version for each in rows if each.is_test == is_test) or "none"
    raise ProtocolRefusedError(
        f"there is no {'test ' if is_test else ''}version {version} of {protocol}; there are {listed}"
    )


def versions(session: Session, protocol: str | None = None) -> Sequence[ProtocolVersion]:
    """Return every version, of one protocol or of all, oldest first."""
    query = select(ProtocolVersion).order_by(ProtocolVersion.loaded_at, ProtocolVersion.id)
    if protocol is not None:
        query = query.where(ProtocolVersion.protocol == protocol)
    return session.scalars(query).all()


def _named(version: ProtocolVersion) -> str:
    return f"{version.protocol} {version.version}"


def _hold(session: Session) -> None:
    """One at a time decides which version is in force."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('hometrial.protocol'))"))
