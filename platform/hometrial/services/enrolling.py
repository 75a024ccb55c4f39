"""Participants, their accounts and zones: who a source's person is, and where they lived."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import func, select, text, true
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import once
from hometrial.errors import (
    SiteNeededError,
    TrialError,
    UnknownParticipantError,
    UnknownSiteError,
    ZoneConflictError,
    ZoneNeededError,
)
from hometrial.models import Participant, ParticipantZone, Site, WearableAccount
from hometrial_ingest.local_time import UnknownZoneError, ZoneHistory

DEFAULT_SITE = "S-01"
_PSEUDONYM = re.compile(r"P-[0-9]{4,}")  # as the table's check


def hold(session: Session) -> None:
    """One at a time makes people and sites."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('hometrial.participant_code'))"))


def default_site(session: Session) -> Site:
    """Return the only site there is, made if there is none. Raises SiteNeededError that lists several."""
    sites = session.scalars(select(Site).order_by(Site.code)).all()
    if len(sites) > 1:
        raise SiteNeededError(
            f"there are {len(sites)} sites, so say at which: --site {_codes(sites)}; who comes with an import"
            " is enrolled first, with hometrial participant add --site"
        )
    if sites:
        return sites[0]
    site = Site(code=DEFAULT_SITE, name="Home")
    session.add(site)
    session.flush()
    return site


def find_site(session: Session, code: str) -> Site:
    """Return a site by its code. Raises UnknownSiteError that lists those there are."""
    sites = session.scalars(select(Site).order_by(Site.code)).all()
    for site in sites:
        if site.code == code:
            return site
    known = f"there are {_codes(sites)}" if sites else "there is none yet"
    raise UnknownSiteError(
        f"there is no site {code!r}, {known}; `hometrial site add {code} --name` makes it"
    )


def _codes(sites: Sequence[Site]) -> str:
    return ", ".join(each.code for each in sites)


def add_participant(
    session: Session, *, code: str | None = None, site: Site | None = None
) -> Participant:
    """Enrol a person under the next free pseudonym or the one given, at a site: default is the only one there is.

    Raises TrialError if the pseudonym is taken or malformed, SiteNeededError if there are several sites.
    """
    hold(session)
    chosen = code or _next_code(session)
    if session.scalars(select(Participant).where(Participant.code == chosen)).one_or_none():
        raise TrialError(f"participant {chosen} exists already; choose another code")
    if not _PSEUDONYM.fullmatch(chosen):
        raise TrialError(f"{chosen!r} is not a pseudonym; write P- and at least four digits")
    site = site or default_site(session)
    person = Participant(site_id=site.id, code=chosen, created_at=clock.now())
    session.add(person)
    session.flush()
    return person


def _next_code(session: Session) -> str:
    # Over the whole study: whoever sees some sites alone would give a pseudonym of another's a second time.
    last = session.scalar(select(func.scope.highest("participant")))
    return f"P-{(last or 0) + 1:04d}"


def find_participant(session: Session, code: str) -> Participant:
    """Return a participant by pseudonym. Raises UnknownParticipantError that says what to do."""
    person = session.scalars(select(Participant).where(Participant.code == code)).one_or_none()
    if person is None:
        raise UnknownParticipantError(
            f"there is no participant {code!r}; `hometrial participant list` shows those there are, "
            "`hometrial participant add` enrols one"
        )
    return person


def link_account(
    session: Session, participant_id: UUID, *, provider: str, external_id: str
) -> WearableAccount:
    """Bind a provider's account to one participant.

    Raises TrialError if it is bound to another.
    """
    known = session.scalars(
        select(WearableAccount).where(
            WearableAccount.provider == provider, WearableAccount.external_id == external_id
        )
    ).one_or_none()
    if known is not None:
        if known.participant_id != participant_id:
            raise TrialError(
                f"{provider} account {external_id} belongs to another participant already"
            )
        return known
    account = WearableAccount(
        participant_id=participant_id,
        provider=provider,
        external_id=external_id,
        created_at=clock.now(),
    )
    session.add(account)
    session.flush()
    return account


def accounts(
    session: Session, provider: str, external_ids: Sequence[str]
) -> dict[str, Participant]:
    """Return the participants behind a provider's ids; unknown ids are left out."""
    rows = session.execute(
        select(WearableAccount.external_id, Participant)
        .join(Participant, Participant.id == WearableAccount.participant_id)
        .where(WearableAccount.provider == provider, WearableAccount.external_id.in_(external_ids))
    )
    return {external_id: person for external_id, person in rows}  # noqa: C416


def zone_rows(
    session: Session, participant_ids: Iterable[UUID], known_at: datetime | None = None
) -> dict[UUID, list[ParticipantZone]]:
    """Return each participant's zone history in order of time; a later record replaces an equal date.

    `known_at`: as it was on record then.
    """
    found: dict[UUID, dict[datetime | None, ParticipantZone]] = {}
    for row in session.scalars(
        select(ParticipantZone)
        .where(
            ParticipantZone.participant_id.in_(list(participant_ids)),
            true() if known_at is None else ParticipantZone.recorded_at <= known_at,
        )
        .order_by(ParticipantZone.recorded_at, ParticipantZone.id)
    ):
        found.setdefault(row.participant_id, {})[row.valid_from] = row
    return {
        person: [history[moment] for moment in sorted(history, key=_since_ever_first)]
        for person, history in found.items()
    }


def _since_ever_first(moment: datetime | None) -> tuple[bool, datetime | None]:
    return (moment is not None, moment)


def zone_history(rows: Sequence[ParticipantZone]) -> ZoneHistory:
    """Make the placing rule of a zone history."""
    return ZoneHistory.of(
        [
            (None if row.valid_from is None else clock.microseconds(row.valid_from), row.zone)
            for row in rows
        ]
    )


def set_zone(
    session: Session,
    participant: Participant,
    zone: str,
    *,
    valid_from: datetime | None = None,
    source: str,
) -> None:
    """Append to a zone history: from that instant (null: since ever) the person lives in `zone`.

    Raises ZoneConflictError if that would re-date samples that are stored already.
    """
    check_zone(zone)
    history = zone_rows(session, [participant.id]).get(participant.id, [])
    same = [row for row in history if row.valid_from == valid_from]
    if same and same[0].zone == zone:
        return
    if history and valid_from is None:
        raise ZoneConflictError(
            f"{participant.code} lives in {history[0].zone} on record, not in {zone}; leave --zone "
            f"out, or say since when: hometrial participant zone {participant.code} {zone} --from DATE"
        )
    session.add(
        ParticipantZone(
            participant_id=participant.id,
            zone=zone,
            valid_from=valid_from,
            recorded_at=clock.now(),
            source=source,
        )
    )
    session.flush()


def check_zone(zone: str) -> None:
    """Raise TrialError with the way out if this is no IANA zone."""
    try:
        ZoneHistory.of([(None, zone)])
    except UnknownZoneError as error:
        raise TrialError(str(error)) from error


def zones_of(session: Session, participant: Participant) -> ZoneHistory:
    """Return where a participant lived. Raises ZoneNeededError if no zone is on record.

    Also of a person whose samples all carry offsets: the bounds of a local day need a zone.
    """
    rows = once(
        session,
        ("zones", participant.id),
        lambda: zone_rows(session, [participant.id]).get(participant.id, []),
    )
    if not rows:
        raise ZoneNeededError(
            f"{participant.code} has no time zone on record, so that local days cannot be told; give "
            f"--zone or run: hometrial participant zone {participant.code} Europe/Berlin"
        )
    return zone_history(rows)


def day_bounds(zones: ZoneHistory, days: Sequence[date]) -> dict[date, tuple[datetime, datetime]]:
    """Return each local day's first instant and the next day's."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    numbers = np.array([(day - epoch.date()).days for day in days], np.int64)
    begin = zones.first_instant_of_day(numbers)
    minutes = zones.day_length_minutes(numbers)
    starts = [epoch + timedelta(microseconds=int(at)) for at in begin.at]
    return {
        day: (start, start + timedelta(minutes=float(length)))
        for day, start, length in zip(days, starts, minutes, strict=True)
    }
