"""Tidy tables: listed, read page by page or in one stream, whole or what has changed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from flask import Response as FlaskResponse
from flask import request
from werkzeug.wrappers import Response

from hometrial.exports import dictionary
from hometrial.exports.deidentifying import profile
from hometrial.exports.dictionary import Variable
from hometrial.exports.tidy.tables import TIDY, Tidy
from hometrial.services import delivering
from hometrial.services.locking.wanted import wanted
from hometrial.services.serving import snapshots
from hometrial.services.serving.kept import Kept, cut, ranges_of
from hometrial.services.serving.snapshots import Wanted
from hometrial.staff.api import parameters, shapes, streams
from hometrial.staff.api.declaring import Given, Operation, door, given
from hometrial.staff.api.problems import NotThereError, ValueWrongError
from hometrial.staff.api.streams import STREAMS
from hometrial.staff.study import me, sites, study

VERSION, ROWS = "Hometrial-Version", "Hometrial-Rows"
FORMATS = ("json", *STREAMS)
_FORMAT = parameters.one_of(
    "format", "json comes in pages; ndjson, csv and parquet bring all rows in one stream.", FORMATS
)
_NAME = parameters.place("name", "A table.", {"type": "string", "enum": list(TIDY)})
READING = (
    parameters.PARTICIPANT, parameters.COLUMNS, parameters.PROFILE, parameters.CHANGED_SINCE, _FORMAT,
    parameters.LIMIT, parameters.CURSOR,
)  # fmt: skip


def table_of(name: str) -> Tidy:
    """Return a table. Raises NotThereError."""
    if name not in TIDY:
        raise NotThereError(f"no table is called {name}; GET /api/v1/tables lists them")
    return TIDY[name]


def asked_of(table: Tidy, told: Given) -> Wanted:
    """Return what is asked for. Raises ExportRefusedError for a profile that no role of theirs may ask for."""
    name = told.get("profile") or "study"
    delivering.require_profile(me(), wanted(profile_name=name), sites())
    return Wanted(table, profile(name), sites())


@door(
    Operation(
        "tables",
        "/tables",
        "The tables",
        "Every tidy table with its columns: what each means, its unit and its codes.",
        {"application/json": shapes.listed(shapes.TABLE)},
    )
)
def listing() -> Response:
    """List the tables."""
    return shapes.answer({"data": [_described(each) for each in TIDY.values()]})


def _described(table: Tidy) -> dict[str, object]:
    return {
        "name": table.name,
        "label": table.label,
        "keys": list(table.keys),
        "columns": [vars(each) for each in table.variables],
    }


@door(
    Operation(
        "table",
        "/tables/<name>",
        "The rows of a table",
        "In the order of the table's keys. Hometrial-Rows says how many rows the whole selection has, Hometrial-Version of "
        "which moment they are. With If-None-Match of an earlier ETag the answer is 304 as long as the same would come.",
        {
            "application/json": shapes.page({"type": "object"}),
            STREAMS["ndjson"]: {"type": "string"},
            STREAMS["csv"]: {"type": "string"},
            STREAMS["parquet"]: {"type": "string", "format": "binary"},
        },
        (_NAME, *READING),
        others=(304, 404, 409, 410),
    )
)
def rows(name: str) -> Response:
    """Read a table."""
    return read(table_of(name), given())


def read(table: Tidy, told: Given) -> Response:
    """Answer with the rows of a table that a request asks for."""
    columns, form = _columns(table, told), told["format"] or "json"
    if form != "json" and (told["limit"] or told["cursor"]):
        raise ValueWrongError(
            "format", form, "limit and cursor are for format=json; leave them out"
        )
    if told["participant"] and table.keys[0] != "participant_id":
        raise ValueWrongError(
            "participant",
            told["participant"],
            f"the rows of {table.name} are not each about one person",
        )
    wanted_ = asked_of(table, told)
    kept, start = _snapshot(wanted_, told)
    shares = kept.chosen(told["participant"], told["changed_since"])
    ranges = ranges_of(shares)
    total = sum(each.rows for each in shares)
    etag = _etag(kept, total)
    if request.if_none_match.contains(etag):
        answer: Response = FlaskResponse(status=304)
    elif form == "json":
        limit = told["limit"] or parameters.USUAL_PAGE
        found = list(kept.tables(cut(ranges, start, limit), columns))
        answer = _page(kept, [row for each in found for row in streams.told(each)], start, total)
    else:
        schema = dictionary.schema(_variables(table, columns))
        answer = FlaskResponse(
            streams.stream(kept.tables(ranges, columns), schema, form), mimetype=STREAMS[form]
        )
    answer.set_etag(etag)
    answer.headers[VERSION], answer.headers[ROWS] = _written(kept), str(total)
    return answer


def _snapshot(wanted_: Wanted, told: Given) -> tuple[Kept, int]:
    """Return the snapshot, and where in the selection to begin."""
    if told["cursor"] is None:
        return snapshots.newest(study().database, wanted_), 0
    name, start, asked = told["cursor"]
    if asked != _filters():
        raise ValueWrongError(
            "cursor",
            request.args["cursor"],
            "repeat the other parameters as they were on the page before",
        )
    return snapshots.again(study().database, wanted_, name), start


def _filters() -> str:
    """Return a digest of what is asked for, without the place where a page begins and how long it is."""
    told = sorted(
        (name, value) for name, value in request.args.items() if name not in ("cursor", "limit")
    )
    return hashlib.sha256(json.dumps([request.path, told]).encode()).hexdigest()[:12]


def _page(kept: Kept, rows_: list[dict[str, object]], start: int, total: int) -> Response:
    end, following = start + len(rows_), None
    if end < total and rows_:
        others = {name: value for name, value in request.args.items() if name != "cursor"}
        cursor = parameters.cursor_of(kept.name, end, _filters())
        following = f"{request.path}?{urlencode(others | {'cursor': cursor})}"
    return shapes.answer(
        {"version": _written(kept), "rows": total, "first": start, "data": rows_, "next": following}
    )


def _written(kept: Kept) -> str:
    return kept.at.isoformat().replace("+00:00", "Z")


def _etag(kept: Kept, total: int) -> str:
    told = (kept.digest, _filters(), request.args.get("limit"), request.args.get("cursor"), total)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def _columns(table: Tidy, told: Given) -> Sequence[str] | None:
    columns: Sequence[str] | None = told["columns"]
    names = {each.name for each in table.variables}
    for each in columns or ():
        if each not in names:
            raise ValueWrongError("columns", each, f"{table.name} has {', '.join(sorted(names))}")
    return columns


def _variables(table: Tidy, columns: Sequence[str] | None) -> Sequence[Variable]:
    if columns is None:
        return table.variables
    by_name: Mapping[str, Variable] = {each.name: each for each in table.variables}
    return [by_name[each] for each in columns]


@door(
    Operation(
        "changes",
        "/tables/<name>/changes",
        "Whose rows changed",
        "The people whose rows in a table were seen to be others after `changed_since`, with the number of rows that they "
        "have now: 0 for somebody who has none any more. Reading the table with the same `changed_since` brings the rows.",
        {"application/json": shapes.CHANGES},
        (_NAME, parameters.PROFILE, parameters.CHANGED_SINCE),
        others=(404, 409),
    )
)
def changes(name: str) -> Response:
    """Tell whose rows changed."""
    table, told = table_of(name), given()
    if told["changed_since"] is None:
        raise ValueWrongError(
            "changed_since", None, "give the version that you have, or an instant"
        )
    kept = snapshots.newest(study().database, asked_of(table, told))
    found = kept.chosen(since=told["changed_since"])
    return shapes.answer(
        {
            "version": _written(kept),
            "table_rows": kept.rows,
            "rows": sum(each.rows for each in found),
            "participants": [
                {"participant_id": each.person or None, "rows": each.rows} for each in found
            ],
        }
    )
