"""Screening: opened for a person under the protocol in force, decided once on its answers, locked from then on."""

from collections.abc import Sequence

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Allocation,
    Participant,
    Participation,
    ProtocolVersion,
    Screening,
    Site,
)
from hometrial.protocol.eligibility import Standing
from hometrial.services import enrolling
from hometrial.services.trial import answering, following, running_in
from hometrial.services.trial.answering import ScreeningRefusedError
from hometrial.services.trial.following import NotInTrialError


def open_screening(
    session: Session,
    version: ProtocolVersion,
    *,
    by: str,
    person: Participant | None = None,
    site: Site | None = None,
) -> Screening:
    """Open a screening, of a new person under the next free pseudonym or of one who is known.

    `site`: where a new person is looked after; default is the only one there is. Who was screened before is
    screened anew; the earlier screenings stay as they were. Raises NotInTrialError if the version is not in
    force, SiteNeededError if there are several sites, and ScreeningRefusedError of a person who has withdrawn,
    is in the trial already, has a screening open, or is at another site.
    """
    found = person or enrolling.add_participant(session, site=site)
    if site is not None and found.site_id != site.id:
        at = session.get_one(Site, found.site_id)
        raise ScreeningRefusedError(
            f"{found.code} is a person of site {at.code}, not of {site.code}; leave --site out"
        )
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:name))"),
        {"name": f"hometrial.screening.{found.id}"},
    )
    _require_screenable(session, found, version)
    _follow(session, found, version)
    before = session.scalar(
        select(func.max(Screening.number)).where(Screening.participant_id == found.id)
    )
    screening = Screening(
        participant_id=found.id,
        number=(before or 0) + 1,
        protocol_version_id=version.id,
        opened_at=clock.now(),
        opened_by=by,
        failing=[],
    )
    found.status = "screening"
    session.add(screening)
    session.flush()
    return screening


def _require_screenable(session: Session, person: Participant, version: ProtocolVersion) -> None:
    answering.require_present(session, person)
    last = newest(session, person)
    if last is not None and last.outcome is None:
        raise ScreeningRefusedError(
            f"screening {last.number} of {person.code} is open; decide it first:"
            f" hometrial screening decide {person.code}"
        )
    is_allocated = session.scalar(
        select(Allocation.id).where(Allocation.participant_id == person.id)
    )
    if is_allocated is not None or "first_dose" in following.anchors(session, person):
        raise ScreeningRefusedError(f"{person.code} is in the trial already; nobody enters twice")
    other = session.scalar(
        select(ProtocolVersion.version)
        .join(Participation, Participation.protocol_version_id == ProtocolVersion.id)
        .where(
            Participation.participant_id == person.id, ProtocolVersion.is_test != version.is_test
        )
        .limit(1)
    )
    if other is not None:
        raise ScreeningRefusedError(
            f"{person.code} is a person of {'the trial' if version.is_test else 'a rehearsal'};"
            " nobody is in both, open the screening of a new person"
        )


def _follow(session: Session, person: Participant, version: ProtocolVersion) -> None:
    """Have a person follow the version, unless they do; a version that is not in force is refused."""
    try:
        present = following.version_of(session, person)
    except NotInTrialError:
        present = None
    if present is None or present.id != version.id or version.state != "published":
        following.move(session, person, version)


def newest(session: Session, person: Participant) -> Screening | None:
    """Return a person's last screening, None if they were never screened."""
    return session.scalars(
        select(Screening)
        .where(Screening.participant_id == person.id)
        .order_by(Screening.number.desc())
        .limit(1)
    ).one_or_none()


def of_person(session: Session, person: Participant) -> Screening:
    """Return a person's last screening. Raises ScreeningRefusedError that says how to open one."""
    found = newest(session, person)
    if found is None:
        raise ScreeningRefusedError(
            f"{person.code} was never screened;"
            f" hometrial screening open PROTOCOL --participant {person.code}"
        )
    return found


def eligible(session: Session, person: Participant) -> Screening | None:
    """Return a person's last screening if it was decided as eligible, otherwise None."""
    found = newest(session, person)
    return found if found is not None and found.outcome == "eligible" else None


def decide(session: Session, screening: Screening, *, by: str) -> Screening:
    """Decide by the protocol's rules and lock: eligible, or a failure with every criterion that was not met.

    Raises ScreeningRefusedError that names what is unknown while the answers do not decide.
    """
    person = answering.hold(session, screening)
    answering.require_present(session, person)
    judged = answering.judge(session, screening)
    failing = [each.id for each in judged.decision.failing]
    if not failing and judged.needed:
        raise ScreeningRefusedError(
            f"{person.code} cannot be decided yet, unknown: {', '.join(judged.needed)}; answer them,"
            " or record that the person declined"
        )
    assert failing or judged.decision.standing is Standing.ELIGIBLE  # noqa: S101 - nothing else is left
    outcome = "screen_failure" if failing else "eligible"
    return _close(session, screening, outcome, by, failing=failing)


def decline(session: Session, screening: Screening, *, by: str, because: str) -> Screening:
    """Record that a person does not want to take part, and lock; also of somebody who has withdrawn."""
    answering.hold(session, screening)
    if not because.strip():
        raise ScreeningRefusedError("say why, as the person told it; 'no reason given' is one")
    return _close(session, screening, "declined", by, because=because)


def _close(
    session: Session,
    screening: Screening,
    outcome: str,
    by: str,
    *,
    failing: Sequence[str] = (),
    because: str | None = None,
) -> Screening:
    person = session.get_one(Participant, screening.participant_id)
    answering.freeze(session, screening, person, by)
    sha256 = answering.answers_hash(answering.known(session, screening))
    screening.answers_sha256 = sha256
    screening.outcome, screening.decided_at, screening.decided_by = outcome, clock.now(), by
    screening.failing, screening.because = list(failing), because
    if person.status != "withdrawn":
        is_in = outcome == "eligible" and not answering.is_allocated_in(session, screening)
        person.status = "enrolled" if is_in else outcome
    session.flush()
    if outcome == "eligible":
        running_in.begin_next_day(session, person)
    return screening


def is_as_decided(session: Session, screening: Screening) -> bool:
    """Say whether the answers are those that it was decided on, and still say the same."""
    judged = answering.judge(session, screening)
    same = answering.answers_hash(judged.answers) == screening.answers_sha256
    if screening.outcome == "declined":
        return same
    return same and [each.id for each in judged.decision.failing] == screening.failing
