"""Source tables of the wearable: devices, daily figures, gaps, and the chunks in which the samples are kept."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid5

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hometrial.db import among
from hometrial.exports.source.reading import Row
from hometrial.models import DailyMetric, DayChunk, Device, Gap, PairedDevice, WearableAccount
from hometrial.services import metrics
from hometrial.services.capturing.people import people

_ROWS_AT_ONCE = 10_000


def devices(session: Session) -> Iterator[Row]:
    """Yield what sent data, then what is paired with a linked account and was not seen in data yet."""
    known, seen = people(session), set()
    for row in session.scalars(select(Device).where(among(Device.participant_id, known))):
        person = known[row.participant_id]
        seen.add((row.participant_id, row.provider, row.model))
        yield {
            "id": str(row.id),
            "participant": person.code,
            "provider": row.provider,
            "source": row.source,
            "model": row.model,
            "firmware": row.firmware,
            "first_seen": person.local(row.first_seen_at),
            "last_seen": person.local(row.last_seen_at),
        }
    paired = (
        select(PairedDevice, WearableAccount)
        .join(WearableAccount, WearableAccount.id == PairedDevice.account_id)
        .where(among(WearableAccount.participant_id, known))
    )
    for device, account in session.execute(paired):
        if (account.participant_id, account.provider, device.model) in seen:
            continue
        yield {
            # The provider's own name of a device is that of one watch: it stays in the house.
            "id": str(uuid5(account.id, device.key)),
            "participant": known[account.participant_id].code,
            "provider": account.provider,
            "source": f"{account.provider}/paired/{device.kind}",
            "model": device.model,
        }


def daily_metrics(session: Session) -> Iterator[Row]:
    """Yield every daily figure as it stands."""
    known = people(session)
    columns = (
        DailyMetric.participant_id,
        DailyMetric.day,
        DailyMetric.metric,
        DailyMetric.value,
        DailyMetric.rule_version,
    )
    rows = select(*columns).where(among(DailyMetric.participant_id, known))
    for owner, day, metric, value, version in _some(session, rows):
        code = known[owner].code
        yield {
            "id": f"{code}/{day}/{metric}",
            "participant": code,
            "day": day,
            "metric": metric,
            "value": value,
            "unit": metrics.RULES[metric].unit,
            "rule_version": version,
        }


def gaps(session: Session) -> Iterator[Row]:
    """Yield every stretch without data, with its cause."""
    known = people(session)
    for row in session.scalars(select(Gap).where(among(Gap.participant_id, known))):
        yield {
            "id": str(row.id),
            "participant": known[row.participant_id].code,
            "stream": row.stream,
            "day": row.day,
            "start_at": row.start_at,
            "end_at": row.end_at,
            "cause": row.cause,
            "rule_version": row.rule_version,
        }


def chunks(session: Session) -> Iterator[Row]:
    """Yield every day of every stream as it stands, the emptied ones too; the database itself digests its bytes."""
    known = people(session)
    columns = (
        DayChunk.participant_id,
        DayChunk.stream,
        DayChunk.day,
        DayChunk.version,
        DayChunk.state,
        DayChunk.samples,
        func.encode(func.sha256(DayChunk.body), "hex"),
        DayChunk.batch_id,
    )
    rows = select(*columns).where(among(DayChunk.participant_id, known), DayChunk.is_current)
    for owner, stream, day, version, state, samples, sha256, batch in _some(session, rows):
        code = known[owner].code
        yield {
            "id": f"{code}/{stream}/{day}",
            "participant": code,
            "stream": stream,
            "day": day,
            "version": version,
            "state": state,
            "samples": samples,
            "sha256": sha256,
            "batch": str(batch),
        }


def _some(session: Session, rows: Select[*tuple[Any, ...]]) -> Iterable[Any]:
    """Read rows some thousand at a time."""
    return session.execute(rows.execution_options(yield_per=_ROWS_AT_ONCE))
