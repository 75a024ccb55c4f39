"""`list`, `reconcile` and `get`: pages newest first, with tokens that are bound to their question."""

import base64
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from werkzeug import Request, Response

from hometrial_ingest.simulate.timeline import Zones, offset_at
from hometrial_ingest.simulators.columns import Mask, Span, taken, without_origin
from hometrial_ingest.simulators.google.catalogue import MODELLED, DataType
from hometrial_ingest.simulators.google.errors import (
    JSON,
    info,
    invalid,
    point_not_found,
)
from hometrial_ingest.simulators.google.faults import SAME_PAGE, GoogleFaults
from hometrial_ingest.simulators.google.filters import Times, parse
from hometrial_ingest.simulators.google.points import points
from hometrial_ingest.simulators.google.wording import Wording
from hometrial_ingest.simulators.records import Records
from hometrial_ingest.simulators.truth import Truth

_MICRO, _DAY = 1_000_000, 86_400
_FAMILY = "users/me/dataSourceFamilies/"
_FAMILIES = ("all-sources", "google-wearables", "google-sources", "self-sources")
_NO_FAMILY = frozenset({"sleep", "food", "food-measurement-unit"})
_USUAL_PAGE = 1_440
_KEPT_LISTS, _KEPT_BYTES = 24, 64 << 20


@dataclass(frozen=True)
class Question:
    """What one list call asks, page and size apart."""

    person: int
    data_type: DataType
    merged: bool
    filter: str
    family: str
    page_size: int

    @property
    def mark(self) -> bytes:
        """What a page token of this question begins with."""
        text = (
            f"{self.person}/{self.data_type.id}/{self.merged}/{self.filter}/{self.family}/"
            f"{self.page_size}"
        )
        return hashlib.sha256(text.encode()).digest()[:12]

    @property
    def odd(self) -> bool:
        """A coin that always falls alike: which of two documented forms an empty end takes."""
        return bool(self.mark[0] & 1)


@dataclass
class Listing:
    """Answers list calls over the truth; lists and pages of settled days are kept for a while."""

    truth: Truth
    faults: GoogleFaults
    _lists: OrderedDict[tuple[Question, int, int], Records] = field(default_factory=OrderedDict)
    _pages: OrderedDict[tuple[object, ...], bytes] = field(default_factory=OrderedDict)
    _held: int = 0
    _turn: int = 0
    _lock: Lock = field(default_factory=Lock)

    def answer(self, request: Request, question: Question, user: str) -> Response:
        """Return one page. Raises RefusedError for a question that the API does not take."""
        offset = self._offset(request.args.get("pageToken", ""), question)
        found = self._list(question)
        size = min(question.page_size, self.faults.page_cap)
        repeat = int(self.faults.duplicate_at_border and offset > 0)
        start = max(len(found) - offset - 1 + repeat, -1)
        places = range(start, max(start - size, -1), -1)
        done = offset - repeat + len(places)
        if len(places):
            body = self._page(question, found, places, user)
            body += self._tail(question, done if done < len(found) else None)
        else:
            body = b"{}" if question.odd else b'{"dataPoints":[]}'
        reply = Response(body, content_type=JSON)
        reply.headers[SAME_PAGE] = self._token(question, offset)
        return reply

    def one(self, person: int, data_type: DataType, record_id: str, user: str) -> Response:
        """Return one point by its name. Raises RefusedError if there is none."""
        question = Question(person, data_type, merged=False, filter="", family="", page_size=1)
        found = self._list(question)
        if record_id not in found.ids:
            raise point_not_found()
        place = found.ids.index(record_id)
        (text,) = points(found, range(place, place + 1), self._wording(question, user))
        return Response(text, content_type=JSON)

    def _page(self, question: Question, found: Records, places: range, user: str) -> bytes:
        faults = self.faults
        switches = (faults.unknown_fields, faults.no_third_party_offsets, faults.preview_names)
        key = (question.merged, user, switches, _digest(found, places))
        settled = question.data_type.id in ("heart-rate", "steps", "distance")
        with self._lock:
            if settled and key in self._pages:
                self._pages.move_to_end(key)
                return self._pages[key]
        texts = points(found, places, self._wording(question, user))
        name = "reconciledDataPoints" if question.merged and faults.preview_names else "dataPoints"
        body = f'{{"{name}":[{",".join(texts)}'.encode()
        if settled:
            self._keep(key, body)
        return body

    def _keep(self, key: tuple[object, ...], body: bytes) -> None:
        with self._lock:
            if key not in self._pages:
                self._pages[key] = body
                self._held += len(body)
            while self._held > _KEPT_BYTES:
                self._held -= len(self._pages.popitem(last=False)[1])

    def _tail(self, question: Question, next_offset: int | None) -> bytes:
        """Close the page; at the end the token is absent or empty, as both are seen."""
        if next_offset is not None:
            return f'],"nextPageToken":"{self._token(question, next_offset)}"}}'.encode()
        return b'],"nextPageToken":""}' if question.odd else b"]}"

    def _list(self, question: Question) -> Records:
        """Return everything that the question is about, oldest first."""
        now = self.truth.clock.seconds()
        key = (question, now, self.truth.edits)
        with self._lock:
            if key in self._lists:
                self._lists.move_to_end(key)
                return self._lists[key]
        found = self._gathered(question, now)
        with self._lock:
            self._lists[key] = found
            while len(self._lists) > _KEPT_LISTS:
                self._lists.popitem(last=False)
        return found

    def _gathered(self, question: Question, now: int) -> Records:
        data_type = question.data_type
        wanted = parse(question.filter, data_type)
        hidden = self.faults.civil_filters_empty and data_type.id in ("steps", "heart-rate")
        unknown = data_type.id not in MODELLED or question.family == "self-sources"
        if unknown or (hidden and wanted.is_civil):
            return Records(data_type.id)
        low, high = wanted.bounds(_DAY * _MICRO)
        span = Span(
            0 if low is None else low // _MICRO,
            now + _DAY if high is None else -(-high // _MICRO) + 1,
            now,
        )
        zones = self.truth.holder(question.person).person.zones
        found = self.truth.traced(question.person, data_type.id, span, merged=question.merged)
        kept = _of_family(found, question.family) & wanted.keeps(*_times(found, zones, now))
        found = found if kept.all() else taken(found, kept)
        return without_origin(found) if question.merged else found

    def _wording(self, question: Question, user: str) -> Wording:
        zones = self.truth.holder(question.person).person.zones
        return Wording(
            user,
            question.merged,
            zones,
            self.faults.unknown_fields,
            self.faults.no_third_party_offsets,
            self.faults.preview_names,
        )

    def _offset(self, token: str, question: Question) -> int:
        if not token:
            return 0
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            raw = b""
        if len(raw) != 20 or raw[:12] != question.mark:
            raise invalid("Invalid page token.")
        return int.from_bytes(raw[12:16], "big")

    def _token(self, question: Question, offset: int) -> str:
        with self._lock:
            self._turn += 1
            turn = self._turn
        raw = question.mark + offset.to_bytes(4, "big") + (turn & 0xFFFFFFFF).to_bytes(4, "big")
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def question_of(request: Request, person: int, data_type: DataType, *, merged: bool) -> Question:
    """Return what a list or reconcile call asks. Raises RefusedError for what the API does not take."""
    asked = _page_size(request.args.get("pageSize", ""))
    usual = min(_USUAL_PAGE, data_type.largest_page)
    return Question(
        person,
        data_type,
        merged,
        request.args.get("filter", ""),
        _family(request.args.get("dataSourceFamily", ""), data_type, merged=merged),
        min(asked or usual, data_type.largest_page),
    )


def _page_size(text: str) -> int:
    if not text:
        return 0
    if not text.isdecimal():
        raise invalid(f"Invalid value at 'page_size' (TYPE_INT32), \"{text}\"")
    return int(text)


def _family(text: str, data_type: DataType, *, merged: bool) -> str:
    family = text.removeprefix(_FAMILY)
    if not text:
        return "all-sources"
    refused = data_type.id in _NO_FAMILY and not merged
    if refused or not text.startswith(_FAMILY) or family not in _FAMILIES:
        reason = info("INVALID_DATA_POINT_DATA_SOURCE_FAMILY", "health.googleapis.com")
        raise invalid(f"Invalid data source family '{text}'.", reason)
    return family


def _of_family(found: Records, family: str) -> Mask:
    """Return which records belong to a family; the family of wearables hides sleep, as was reported."""
    if family != "google-wearables":
        return np.full(len(found), fill_value=True)
    worn = np.array([s.is_wearable for s in found.sources] or [False], np.bool_)
    kept: Mask = worn[found.origin] & (found.data_type != "sleep")
    return kept


def _times(found: Records, zones: Zones, now: int) -> tuple[Times, Times]:
    """Return what filters test, in µs: start or moment, of a session its end; physical and on the clock."""
    if found.data_type != "sleep":
        return found.at, found.local
    ends = [now if night.ends_at is None else night.ends_at for night in found.nights]
    walls = [end + offset_at(zones, end) for end in ends]
    return np.array(ends, np.int64) * _MICRO, np.array(walls, np.int64) * _MICRO


def _digest(found: Records, places: range) -> bytes:
    chosen = np.array(places, np.int64)
    digest = hashlib.blake2b(found.data_type.encode(), digest_size=16)
    for column in (found.at, found.value, found.origin, found.offset):
        digest.update(np.ascontiguousarray(column[chosen]).tobytes())
    digest.update(repr(found.sources).encode())
    return digest.digest()
