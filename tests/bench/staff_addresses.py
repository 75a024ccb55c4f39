# ruff: noqa: S608 - a bench asks its own study, with words that stand here
"""Every page of the staff site as an address, its places filled with what stands in the study."""

from dataclasses import dataclass

from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from hometrial.db import Database

_LEFT_OUT = (
    "static",
    "bootstrap.static",
    "setting_up.page",
    "people.enter_answers",
    "entering.",
    "account.",
)
"""Endpoints that show nothing of the study."""
_MOST_DOSES = (
    "SELECT p.code FROM participant p JOIN dose_event d ON d.participant_id = p.id"
    " WHERE p.id NOT IN (SELECT participant_id FROM withdrawal_choice) AND p.site_id = (SELECT min(id::text)::uuid"
    " FROM site WHERE code = 'S-01') GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
)
_OF_PERSON = "participant_id = (SELECT id FROM participant WHERE code = :code)"
_BY_NAME = {
    "when": f"SELECT max(day) FROM day_chunk WHERE {_OF_PERSON}",
    "signature": f"SELECT id FROM consent_signature WHERE {_OF_PERSON} LIMIT 1",
    "message": f"SELECT id FROM message WHERE {_OF_PERSON} LIMIT 1",
    "response": f"SELECT id FROM response WHERE {_OF_PERSON} AND form = 'ldn_diary' ORDER BY due DESC LIMIT 1",
    "task": f"SELECT id FROM work_item WHERE {_OF_PERSON} LIMIT 1",
    "batch_id": "SELECT batch_id FROM verdict LIMIT 1",
    "verdict_id": "SELECT id FROM verdict LIMIT 1",
    "row_id": "SELECT id FROM quarantined_row LIMIT 1",
    "query_id": "SELECT id FROM query LIMIT 1",
    "alert_id": "SELECT id FROM alert LIMIT 1",
    "version_id": "SELECT id FROM protocol_version ORDER BY loaded_at LIMIT 1",
    "request_id": "SELECT id FROM data_request LIMIT 1",
    "row": f"SELECT id FROM dose_event WHERE {_OF_PERSON} LIMIT 1",
    "name": "SELECT 'dose_event'",
    "visit": "SELECT 'W12'",
    "document": "SELECT 'main'",
    "language": "SELECT 'en'",
    "choice": "SELECT 'stop_diaries'",
}
_PAIRS = {
    "safety.": "SELECT p.code, e.number FROM adverse_event e JOIN participant p ON p.id = e.participant_id LIMIT 1",
    "people.correct_medicine": "SELECT p.code, m.number FROM medication m JOIN participant p ON p.id = m.participant_id LIMIT 1",
    "people.void_medicine": "SELECT p.code, m.number FROM medication m JOIN participant p ON p.id = m.participant_id LIMIT 1",
    "people.": f"SELECT :code, max(number) FROM dose_event WHERE kind = 'intake' AND {_OF_PERSON}",
    "people.correct_contact": "SELECT p.code, c.id FROM contact c JOIN participant p ON p.id = c.participant_id LIMIT 1",
    "people.correct_result": "SELECT p.code, r.id FROM laboratory_result r JOIN participant p ON p.id = r.participant_id LIMIT 1",
}
"""Where the person is not the usual one: the person and the other place."""


@dataclass(frozen=True)
class Address:
    """A page: its endpoint, the address as the site's map has it, and one that is filled."""

    endpoint: str
    rule: str
    path: str


def filled(app: Flask, database: Database) -> tuple[list[Address], list[str]]:
    """Return the addresses of every page, and those that nothing in the study fills."""
    found, empty = [], []
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule):
        if "GET" not in (rule.methods or ()) or rule.endpoint.startswith(_LEFT_OUT):
            continue
        with database.engine.connect() as connection:
            values = _values(connection, rule.endpoint, sorted(rule.arguments))
        if values is None:
            empty.append(rule.rule)
            continue
        path = app.url_map.bind("127.0.0.1").build(rule.endpoint, values)
        found.append(Address(rule.endpoint, rule.rule, path))
    return found, empty


def _values(connection: Connection, endpoint: str, names: list[str]) -> dict[str, object] | None:
    code = connection.execute(text(_MOST_DOSES)).scalar()
    values: dict[str, object] = {}
    try:
        for name in names:
            if name == "code":
                values.setdefault("code", code)
            elif name in ("number", "contact", "result"):
                pair = _pair(endpoint)
                if pair is None:
                    return None
                row = connection.execute(
                    text(pair), {"code": code} if ":code" in pair else {}
                ).first()
                values |= {} if row is None else {"code": row[0], name: row[1]}
            elif name in _BY_NAME:
                told = _BY_NAME[name]
                values[name] = connection.execute(
                    text(told), {"code": code} if ":code" in told else {}
                ).scalar()
    except DBAPIError:  # a table that is not there
        return None
    return values if set(names) <= set(values) and None not in values.values() else None


def _pair(endpoint: str) -> str | None:
    fitting = [each for each in sorted(_PAIRS, key=len) if endpoint.startswith(each)]
    return _PAIRS[fitting[-1]] if fitting else None
