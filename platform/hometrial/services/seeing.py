"""The instruments of each participant, with the span in which each was seen."""

from collections.abc import Sequence

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Device, Participant
from hometrial.services.reporting import SeenDevice


def note_devices(session: Session, seen: Sequence[tuple[str, SeenDevice]]) -> None:
    """Record instruments; one that is known gets a wider span, never a narrower one."""
    for provider, each in seen:
        owner = session.scalars(
            select(Participant).where(Participant.code == each.participant)
        ).one()
        known = session.scalars(
            select(Device).where(
                Device.participant_id == owner.id,
                Device.provider == provider,
                Device.source == each.source,
                Device.model == each.model,
            )
        ).one_or_none()
        if known is None:
            session.add(
                Device(
                    participant_id=owner.id,
                    provider=provider,
                    source=each.source,
                    model=each.model,
                    firmware=_firmware(provider, each.model),
                    first_seen_at=each.first_at,
                    last_seen_at=each.last_at,
                )
            )
            session.flush()
        else:
            known.first_seen_at = min(known.first_seen_at, each.first_at)
            known.last_seen_at = max(known.last_seen_at, each.last_at)
    session.flush()


def devices_in(placed: pd.DataFrame) -> list[SeenDevice]:
    """Return the instruments that placed samples name, with the span in which each was seen."""
    named = placed[placed["device"].notna()]
    if not len(named):
        return []
    by = ["participant", "source", "device"]
    spans = named.groupby(by, observed=True)["at"].agg(["min", "max"])
    return [
        SeenDevice(str(code), str(source), str(model), clock.instant(first), clock.instant(last))
        for (code, source, model), (first, last) in zip(
            spans.index.tolist(), spans.to_numpy().tolist(), strict=True
        )
    ]


def _firmware(provider: str, model: str) -> str | None:
    """Return the firmware where the source names it: Apple's device is 'Watch2,4 4.3.1'."""
    _, _, version = model.partition(" ")
    return version or None if provider == "apple-health" else None
