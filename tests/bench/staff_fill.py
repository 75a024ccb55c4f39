# ruff: noqa: S608 - names of tables come from the database itself
"""Many people of long trials, quickly: the demo's people copied table by table, and their days filled by the database.

No service runs and no trigger fires: what comes of it is for looking at alone.
"""

import re
from dataclasses import dataclass

from sqlalchemy import Connection, text

from hometrial.db import Database
from hometrial.services import metrics

_OF_DEMO = 75
_TABLES = """
SELECT c.oid::regclass::text AS name, a.attname AS column, a.atttypid::regtype::text AS type,
       a.attgenerated <> '' OR a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval%' AS is_made
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind = 'r' AND n.nspname IN ('public', 'sync', 'identity') ORDER BY 1, a.attnum
"""
_KEYS = """
SELECT k.conrelid::regclass::text AS name, k.confrelid::regclass::text AS parent, a.attname AS column
FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
WHERE k.contype = 'f' AND a.atttypid = 'uuid'::regtype
"""
_UNIQUE = """
SELECT i.indrelid::regclass::text AS name, array_agg(a.attname::text) AS columns
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indisunique GROUP BY i.indexrelid, i.indrelid
"""


@dataclass(frozen=True)
class Table:
    """A table whose rows belong to people: its columns, those that name rows of people, and those made unique."""

    name: str
    columns: tuple[str, ...]
    types: dict[str, str]
    mapped: frozenset[str]
    renamed: frozenset[str]

    def copied(self) -> str:
        """Return the statement that copies its rows for copy `:k` of everybody."""
        chosen = ", ".join(
            f't."{each}"' if each not in self.mapped | self.renamed else self._of(each)
            for each in self.columns
        )
        names = ", ".join(f'"{each}"' for each in self.columns)
        owned = "" if self.name != "participant" else f" WHERE substr(code, 3)::int <= {_OF_DEMO}"
        return f"INSERT INTO {self.name} ({names}) SELECT {chosen} FROM {self._source()} t{owned} ON CONFLICT DO NOTHING"

    def _source(self) -> str:
        return f'bench."{self.name}"'

    def _of(self, column: str) -> str:
        if column in self.mapped:
            return f'md5(t."{column}"::text || :k)::uuid'
        if (self.name, column) == ("participant", "code"):
            return f"'P-' || lpad((substr(t.code, 3)::int + {_OF_DEMO} * :number)::text, 4, '0')"
        if self.types[column] == "bytea":
            return f"sha256(t.\"{column}\" || convert_to(:k, 'UTF8'))"
        if re.search("sha256|hmac|hash", column):
            return f"encode(sha256(convert_to(t.\"{column}\" || :k, 'UTF8')), 'hex')"
        return f't."{column}" || :k'


def tables(connection: Connection) -> list[Table]:
    """Return the tables whose rows belong to people, directly or through another row."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for name, column, kind, is_made in connection.execute(text(_TABLES)):
        if not is_made:
            columns.setdefault(name, []).append((column, kind))
    keys = [tuple(row) for row in connection.execute(text(_KEYS))]
    owned = {"participant"}
    while more := {name for name, parent, _ in keys if parent in owned} - owned:
        owned |= more
    unique = [tuple(row) for row in connection.execute(text(_UNIQUE))]
    return [
        _table(name, columns[name], keys, unique, owned)
        for name in sorted(owned)
        if name in columns
    ]


def _table(name, columns, keys, unique, owned) -> Table:
    types = dict(columns)
    mapped = {
        column for of, parent, column in keys if of == name and parent in owned and column in types
    }
    if types.get("id") == "uuid":
        mapped.add("id")
    free = [set(each) for of, each in unique if of == name and not mapped & set(each)]
    renamed = {
        next((c for c in each if types.get(c) in ("text", "character varying", "bytea")), None)
        for each in free
    }
    return Table(name, tuple(types), types, frozenset(mapped), frozenset(renamed - {None}))


def multiply(database: Database, people: int) -> None:
    """Copy the demo's people until there are so many."""
    with database.engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("CREATE SCHEMA bench"))
        found = tables(connection)
        for each in found:
            connection.execute(
                text(f'CREATE TABLE bench."{each.name}" AS SELECT * FROM {each.name}')
            )
        for number in range(1, -(-people // _OF_DEMO)):
            for each in found:
                connection.execute(text(each.copied()), {"k": f"-{number}", "number": number})
        connection.execute(text("DROP SCHEMA bench CASCADE"))


_DAYS = {
    "daily_metric": """
INSERT INTO daily_metric (id, participant_id, day, metric, value, rule, rule_version, computed_at)
SELECT gen_random_uuid(), p.id, d::date, m.name,
       CASE WHEN m.name LIKE 'valid%' THEN 1 ELSE 40 + 60 * random() END, m.name, 1, now()
FROM signed p, generate_series(current_date - CAST(:days AS int), current_date - 1, '1 day') d, unnest(CAST(:metrics AS text[])) AS m (name)
ON CONFLICT DO NOTHING""",
    "gap": """
INSERT INTO gap (id, participant_id, stream, day, start_at, end_at, cause, rule_version)
SELECT gen_random_uuid(), p.id, s, d::date, d + interval '13 h', d + interval '15 h',
       (ARRAY['not_worn', 'not_synced', 'unknown'])[1 + (random() * 2)::int], 1
FROM signed p, generate_series(current_date - CAST(:days AS int), current_date - 1, '1 day') d,
     unnest(ARRAY['heart_rate', 'steps']) s WHERE random() < 0.4 ON CONFLICT DO NOTHING""",
    "day_chunk": """
INSERT INTO day_chunk (id, participant_id, stream, day, version, is_current, state, samples, added, revised, as_of,
                       content_sha256, body, because, batch_id, created_at)
SELECT gen_random_uuid(), p.id, c.stream, d::date, 1, true, 'final', c.samples, c.samples, 0, d, c.content_sha256,
       '', 'imported', c.batch_id, d
FROM signed p, generate_series(current_date - CAST(:days AS int), current_date - 40, '1 day') d,
     (SELECT DISTINCT ON (stream) * FROM day_chunk ORDER BY stream, day DESC) c ON CONFLICT DO NOTHING""",
    "response": """
INSERT INTO response (id, participant_id, protocol_version_id, form, kind, occasion, due, definition_sha256, opened_at)
SELECT md5(p.id::text || d)::uuid, p.id, r.protocol_version_id, r.form, r.kind, 'ldn_diary@' || d::date, d::date,
       r.definition_sha256, d + interval '18 h'
FROM signed p, generate_series(current_date - CAST(:days AS int), current_date - 1, '1 day') d,
     (SELECT * FROM response WHERE form = 'ldn_diary' LIMIT 1) r ON CONFLICT DO NOTHING""",
    "sitting": """
INSERT INTO sitting (id, response_id, revision, language, wording_sha256, device, by, is_staff, mode, respondent, began_at)
SELECT r.id, r.id, 0, 'en', s.wording_sha256, s.device, s.by, false, 'web', 'self', r.opened_at
FROM response r, (SELECT * FROM sitting LIMIT 1) s
WHERE NOT EXISTS (SELECT FROM sitting x WHERE x.response_id = r.id)""",
    "answer": """
INSERT INTO answer (id, response_id, place, sitting_id, revision, item, value, screen, seconds, changes, answered_at, received_at)
SELECT gen_random_uuid(), r.id, a.place, r.id, 0, a.item, a.value, a.screen, a.seconds, a.changes, r.opened_at, r.opened_at
FROM response r, (SELECT * FROM answer WHERE value IS NOT NULL AND response_id =
    (SELECT response_id FROM submission JOIN response ON response.id = response_id WHERE form = 'ldn_diary' LIMIT 1)) a
WHERE NOT EXISTS (SELECT FROM answer x WHERE x.response_id = r.id)""",
    "submission": """
INSERT INTO submission (id, response_id, sitting_id, revision, kind, asked, submitted_at, received_at, late, payload_id)
SELECT r.id, r.id, r.id, 1, 'submitted', 'full', r.opened_at, r.opened_at, false, s.payload_id
FROM response r, (SELECT * FROM submission LIMIT 1) s
WHERE NOT EXISTS (SELECT FROM submission x WHERE x.response_id = r.id)""",
    "form_score": """
INSERT INTO form_score (id, submission_id, number, scorer, scores, bands, flags, n_answered, n_missing, prorated, without, because, computed_at)
SELECT gen_random_uuid(), s.id, 1, f.scorer, f.scores, f.bands, f.flags, f.n_answered, f.n_missing, false, '{}', f.because, s.received_at
FROM submission s, (SELECT form_score.* FROM form_score JOIN submission x ON x.id = submission_id
    JOIN response r ON r.id = x.response_id WHERE r.form = 'ldn_diary' LIMIT 1) f
WHERE NOT EXISTS (SELECT FROM form_score y WHERE y.submission_id = s.id)""",
    "dose_event": """
INSERT INTO dose_event (id, participant_id, number, kind, day, body, by, at, zone, why)
SELECT gen_random_uuid(), p.id, p.last + row_number() OVER (PARTITION BY p.id ORDER BY d), 'intake', d::date, e.body,
       e.by, d + interval '20 h', e.zone, ''
FROM (SELECT participant_id AS id, max(number) AS last, min(day) AS first FROM dose_event GROUP BY 1) p,
     generate_series(current_date - CAST(:days AS int), current_date - 1, '1 day') d,
     (SELECT jsonb_set(body, '{taken_at}', 'null') AS body, by, zone FROM dose_event
      WHERE kind = 'intake' AND body ->> 'missed' IS NULL LIMIT 1) e
WHERE d::date < p.first""",
    "message": """
INSERT INTO message (id, audience, participant_id, kind, channel, language, created_at, created_by)
SELECT md5(p.id::text || d || 'm')::uuid, 'participant', p.id, 'reminder', 'email', 'en', d, 'plan'
FROM signed p, generate_series(current_date - CAST(:days AS int), current_date - 7, '3 days') d""",
    "message_state": """
INSERT INTO message_state (id, message_id, number, state, at, by, reason)
SELECT gen_random_uuid(), m.id, 1, 'sent', m.created_at, 'worker', '' FROM message m
WHERE NOT EXISTS (SELECT FROM message_state x WHERE x.message_id = m.id)""",
    "quarantined_row": """
INSERT INTO quarantined_row SELECT (jsonb_populate_record(q, jsonb_build_object('id', gen_random_uuid()))).*
FROM quarantined_row q, generate_series(1, 40) n""",
}


def prolong(database: Database, days: int) -> None:
    """Give everybody who signed so many days of metrics, gaps, chunks, diaries, doses and messages."""
    values = {"days": days, "metrics": list(metrics.RULES)[:24]}
    with database.engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(
            text("CREATE TEMP TABLE signed ON COMMIT DROP AS SELECT DISTINCT p.id FROM participant p"
                 " JOIN consent_signature s ON s.participant_id = p.id")
        )  # fmt: skip
        for statement in _DAYS.values():
            used = {
                name: value for name, value in values.items() if re.search(rf":{name}\b", statement)
            }
            connection.execute(text(statement), used)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def rows(database: Database) -> dict[str, int]:
    """Return how many rows the greatest tables have."""
    with database.engine.connect() as connection:
        found = connection.execute(
            text("SELECT relname, n_live_tup FROM pg_stat_user_tables ORDER BY 2 DESC LIMIT 12")
        )
        return {name: int(count) for name, count in found}
