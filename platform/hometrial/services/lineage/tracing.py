"""A source record's chain, whichever table it is of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import Base
from hometrial.errors import ExportRefusedError
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.models import (
    Batch,
    Finding,
    Gap,
    Participant,
    ProtocolVersion,
    QuarantinedRow,
    Response,
    Verdict,
)
from hometrial.services import enrolling
from hometrial.services.lineage import answered, judged, recorded, worn
from hometrial.services.lineage.chain import Chain, Step, facts
from hometrial.services.lineage.worn import Told

_Table = TypeVar("_Table", bound=Base)
SAMPLE = "sample"
"""The table in the name of a record that is one instant of a chunk."""


@dataclass(frozen=True)
class _Asked:
    """A record that is asked for: its table and id, and its row where it was locked."""

    session: Session
    record: str
    name: str
    taken: Source | None
    row: Mapping[str, Any]

    def parts(self, count: int) -> list[str]:
        """Return the parts of the id. Raises ExportRefusedError if some are missing."""
        found = self.name.split("/", count - 1)
        if len(found) < count:
            raise ExportRefusedError(
                f"{self.record}: it names {len(found)} of the {count} parts that it has"
            )
        return found

    def day(self, told: str) -> date:
        """Return a day of the id. Raises ExportRefusedError for what is none."""
        try:
            return date.fromisoformat(told)
        except ValueError as error:
            raise ExportRefusedError(
                f"{self.record}: {told!r} is no day; write YYYY-MM-DD"
            ) from error

    def get(self, table: type[_Table], told: str | None = None) -> _Table:
        """Return the row of a table. Raises ExportRefusedError if there is none."""
        found = self.find(table, told)
        if found is None:
            raise ExportRefusedError(f"{self.record}: there is no such record")
        return found

    def find(self, table: type[_Table], told: str | None = None) -> _Table | None:
        """Return the row of a table, None if there is none."""
        try:
            return self.session.get(table, UUID(told or self.name))
        except ValueError:
            return None

    def of(self, person: Participant) -> Told:
        """Return what the chains of wearables are made from."""
        return Told(self.session, self.record, person, self.taken, self.row)

    def of_code(self, code: str) -> Told:
        """Return the same by a pseudonym. Raises UnknownParticipantError."""
        return self.of(enrolling.find_participant(self.session, code))


def trace(session: Session, record: str, taken: Source | None = None) -> Chain:
    """Return where a source record comes from, as `daily_metric/P-0001/2026-03-05/steps` or `item/RESPONSE/ITEM`.

    `taken`: the source tables of a lock; then it is told how they stood. Raises ExportRefusedError for what is no record,
    and for one that there is not.
    """
    table, _, name = record.partition("/")
    if table == SAMPLE:
        return _sample(session, record, taken)
    if table not in BY_NAME or not name:
        raise ExportRefusedError(
            f"{record}: no source record; write TABLE/ID, as daily_metric/P-0001/2026-03-05/steps"
        )
    row = _row(taken, table, name)
    if table in recorded.ROWS:
        return recorded.record(session, record, table, name, row)
    return _CHAINS[table](_Asked(session, record, name, taken, row))


def _sample(session: Session, record: str, taken: Source | None) -> Chain:
    try:
        _, code, stream, day, at = record.split("/")
        on, moment = date.fromisoformat(day), clock.microseconds(datetime.fromisoformat(at))
    except ValueError as error:
        raise ExportRefusedError(
            f"{record}: no sample; write {SAMPLE}/P-0001/heart_rate/2026-03-05/2026-03-05T07:21:05+00:00"
        ) from error
    row = _row(taken, "chunk", f"{code}/{stream}/{day}")
    person = enrolling.find_participant(session, code)
    return worn.sample(Told(session, record, person, taken, row), stream, on, moment)


def _row(taken: Source | None, table: str, name: str) -> Mapping[str, Any]:
    if taken is None:
        return {}
    rows = taken.table(table)  # asked in columns: a lock may hold millions of figures
    found: Mapping[str, Any] = next(iter(rows.filter(pc.equal(rows["id"], name)).to_pylist()), {})
    arm = {each.name for each in BY_NAME[table].fields if each.is_unblinding}
    return {key: value for key, value in found.items() if key not in arm}


def _metric(asked: _Asked) -> Chain:
    code, day, metric = asked.parts(3)
    return worn.metric(asked.of_code(code), asked.day(day), metric)


def _data_day(asked: _Asked) -> Chain:
    code, day = asked.parts(2)
    return worn.day(asked.of_code(code), asked.day(day))


def _chunk(asked: _Asked) -> Chain:
    code, stream, day = asked.parts(3)
    return worn.chunk(asked.of_code(code), stream, asked.day(day))


def _gap(asked: _Asked) -> Chain:
    gap = asked.get(Gap)
    owner = asked.session.get_one(Participant, gap.participant_id)
    known = {
        "stream": gap.stream,
        "from": gap.start_at,
        "until": gap.end_at,
        "cause": gap.cause,
        "rule": f"gap, version {gap.rule_version}",
    }
    beside = worn.day(asked.of(owner), gap.day).steps[1:]
    gone = Step("value", f"Gap of {gap.stream} on {gap.day}", facts(known))
    return Chain(asked.record, owner.code, (gone, *beside))


def _set_aside(asked: _Asked) -> Chain:
    row = asked.get(QuarantinedRow)
    return worn.set_aside(asked.of(asked.session.get_one(Participant, row.participant_id)), row)


def _batch(asked: _Asked) -> Chain:
    return _judged(asked, asked.get(Batch), None)


def _verdict(asked: _Asked) -> Chain:
    finding = asked.find(Finding)
    verdict = asked.get(Verdict, None if finding is None else str(finding.verdict_id))
    batch = asked.session.get_one(Batch, verdict.batch_id)
    return _judged(asked, batch, verdict.signal)


def _judged(asked: _Asked, batch: Batch, stream: str | None) -> Chain:
    value = Step("value", asked.record, facts(asked.row))
    return Chain(asked.record, None, (value, judged.batch_step(asked.session, batch, stream)))


def _form(asked: _Asked) -> Chain:
    return answered.form(asked.session, asked.record, asked.get(Response))


def _item(asked: _Asked) -> Chain:
    word = answered.answer_of(asked.session, asked.name)
    if word is not None:
        response = asked.get(Response, str(word.response_id))
        return answered.item(asked.session, asked.record, response, word.item)
    told, item = asked.parts(2)
    return answered.item(asked.session, asked.record, asked.get(Response, told), item)


def _score(asked: _Asked) -> Chain:
    told, score = asked.parts(2)
    return answered.score(asked.session, asked.record, asked.get(Response, told), score)


def _expected(asked: _Asked) -> Chain:
    code, form, occasion = asked.parts(3)
    person = enrolling.find_participant(asked.session, code)
    found = asked.session.scalars(
        select(Response).where(
            Response.participant_id == person.id,
            Response.form == form,
            Response.occasion == occasion,
        )
    ).one_or_none()
    rule = Step("rule", f"The protocol asks {form} of {code}: {occasion}", facts(asked.row))
    if found is None:
        return Chain(asked.record, code, (rule, Step("value", "It was never opened")))
    return Chain(
        asked.record, code, (rule, *answered.form(asked.session, asked.record, found).steps)
    )


def _protocol(asked: _Asked) -> Chain:
    version = asked.get(ProtocolVersion)
    known = {
        "protocol": version.protocol,
        "version": version.version,
        "sha256": version.sha256,
        "loaded": version.loaded_at,
        "loaded by": version.loaded_by,
        "approved": version.approved_at,
        "approved by": version.approved_by,
        "because": version.approved_because,
        "published": version.published_at,
    }
    title = f"Protocol {version.protocol} {version.version}"
    return Chain(asked.record, None, (Step("value", title, facts(known)),))


def _of_the_study(asked: _Asked) -> Chain:
    """Return the chain of what is about nobody and rests on nothing else."""
    known = {name: value for name, value in asked.row.items() if name != "body"}
    return Chain(asked.record, None, (Step("value", asked.record, facts(known)),))


_CHAINS: Mapping[str, Callable[[_Asked], Chain]] = {
    "protocol_version": _protocol,
    "instrument": _of_the_study,
    "site": _of_the_study,
    "audit": _of_the_study,
    "response": _form,
    "item": _item,
    "free_answer": _item,
    "score": _score,
    "expected_form": _expected,
    "daily_metric": _metric,
    "data_day": _data_day,
    "gap": _gap,
    "chunk": _chunk,
    "batch": _batch,
    "verdict": _verdict,
    "quarantined": _set_aside,
}
