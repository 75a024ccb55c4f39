"""The audit trail, verified: entries, chain, anchors, and the tables against what was recorded."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial.errors import AuditBrokenError

_WRONG_ENTRIES = text(
    "SELECT id, table_name, row_key FROM audit.entry"
    " WHERE digest <> audit.entry_digest(id, transaction, at, actor, reason,"
    "                                    table_name, row_key, operation, old, new) ORDER BY id"
)
_UNLINKED = text(
    "SELECT e.id, e.table_name, e.row_key FROM audit.entry e"
    " LEFT JOIN audit.link l USING (transaction) WHERE l.seq IS NULL ORDER BY e.id"
)
_LINKS = text(
    "SELECT l.seq, l.mac, l.digest, l.entries, made.digest AS digest_now, made.entries AS entries_now,"
    " audit.link_message(coalesce(lag(l.mac) OVER (ORDER BY l.seq), ''::bytea), l.seq, l.transaction,"
    "                    l.at, l.entries, l.digest) AS message"
    " FROM audit.link l LEFT JOIN LATERAL (SELECT count(*) AS entries,"
    "   sha256(string_agg(e.digest, ''::bytea ORDER BY e.id)) AS digest"
    "   FROM audit.entry e WHERE e.transaction = l.transaction) made ON true ORDER BY l.seq"
)


@dataclass(frozen=True)
class Anchor:
    """The head of the chain at one moment: kept off the host it shows a later cut or rewrite."""

    seq: int
    mac: str


@dataclass(frozen=True)
class AuditReport:
    """What `verify` found. `problems` is empty if the trail is whole."""

    entries: int
    links: int
    head: Anchor
    problems: tuple[str, ...]


def head(session: Session) -> Anchor:
    """Return the newest link of the chain; number 0 if there is none."""
    row = session.execute(text("SELECT seq, mac FROM audit.link ORDER BY seq DESC LIMIT 1")).first()
    return Anchor(0, "") if row is None else Anchor(row.seq, bytes(row.mac).hex())


def verify(session: Session, key: bytes, anchors: tuple[Anchor, ...] = ()) -> AuditReport:
    """Check the whole trail and every audited table against it; all problems are listed.

    `anchors` are chain heads that were exported earlier; each must still stand in the chain.
    """
    problems = [
        *_entry_problems(session),
        *_chain_problems(session, key),
        *_anchor_problems(session, anchors),
        *_table_problems(session),
    ]
    entries = session.execute(text("SELECT count(*) FROM audit.entry")).scalar_one()
    links = session.execute(text("SELECT count(*) FROM audit.link")).scalar_one()
    return AuditReport(entries, links, head(session), tuple(problems))


def _entry_problems(session: Session) -> Iterator[str]:
    for row in session.execute(_WRONG_ENTRIES):
        yield f"entry {row.id} ({row.table_name} {row.row_key}) was changed after it was written"
    for row in session.execute(_UNLINKED):
        yield f"entry {row.id} ({row.table_name} {row.row_key}) stands outside the chain"


def _chain_problems(session: Session, key: bytes) -> Iterator[str]:
    expected = 1
    for link in session.execute(_LINKS):
        if link.seq != expected:
            yield f"link {expected} is missing: the chain goes on at {link.seq}"
        expected = link.seq + 1
        if (link.entries, link.digest) != (link.entries_now, link.digest_now):
            yield f"link {link.seq} covers other entries than stand in the trail now"
        mac = hmac.new(key, bytes(link.message), hashlib.sha256).digest()
        if not hmac.compare_digest(mac, bytes(link.mac)):
            yield f"link {link.seq} has a wrong code: it, or the link before it, was rewritten"


def _anchor_problems(session: Session, anchors: tuple[Anchor, ...]) -> Iterator[str]:
    for anchor in anchors:
        row = session.execute(
            text("SELECT mac FROM audit.link WHERE seq = :seq"), {"seq": anchor.seq}
        ).first()
        if row is None:
            yield f"the chain once had link {anchor.seq} (anchor); it was cut"
        elif bytes(row.mac).hex() != anchor.mac:
            yield f"link {anchor.seq} is not the one that was anchored: the chain was rewritten"


def _table_problems(session: Session) -> Iterator[str]:
    tables = session.execute(
        text(
            "SELECT n.nspname || '.' || c.relname AS name,"
            " array_agg(t.tgname::text) FILTER (WHERE t.tgenabled IN ('O', 'A')) AS active"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal"
            " WHERE c.relkind = 'r' AND n.nspname IN ('public', 'identity')"
            " AND c.relname <> 'alembic_version' GROUP BY 1 ORDER BY 1"
        )
    ).all()
    needed = {"audit_insert", "audit_update", "audit_delete", "audit_truncate"}
    for table in tables:
        missing = sorted(needed - set(table.active or ()))
        if missing:
            yield f"table {table.name} is not recorded: {', '.join(missing)} is off or gone"
        drift: Any = session.execute(
            text("SELECT row_key, problem FROM audit.drift(:name)"),
            {"name": table.name},
        )
        for row in drift:
            yield f"{table.name} {row.row_key} {row.problem}"


def write_anchor(path: Path, anchor: Anchor) -> None:
    """Append the head to a file of anchors (JSON lines), to be kept off this host."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"seq": anchor.seq, "mac": anchor.mac}) + "\n")


def read_anchors(path: Path) -> tuple[Anchor, ...]:
    """Read a file of anchors. Raises AuditBrokenError that names the line that is no anchor."""
    anchors = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            item = json.loads(line)
            anchors.append(Anchor(int(item["seq"]), str(item["mac"])))
        except (ValueError, KeyError, TypeError) as error:
            raise AuditBrokenError(
                f"{path}, line {number}: not an anchor: {line[:60]!r}"
            ) from error
    return tuple(anchors)
