"""What is wrong with a push: which record, which field, what stands there, and the way out."""

import re
from dataclasses import dataclass

import msgspec

from hometrial_ingest.errors import shorten
from hometrial_ingest.json_text import text_at
from hometrial_ingest.readers.bridge.records import SCHEMA_PATH, WAYS_OUT

_PLACE = re.compile(r"(.*?)(?: - at `\$(.*)`)?", re.DOTALL)
_RECORD = re.compile(r"\.records\[(\d+)\]\.?")
_REGEX = re.compile(r"Expected `str` matching regex '(.*)'", re.DOTALL)
_LONGEST = 200
_SEE_SCHEMA = f"send what {SCHEMA_PATH} describes"


class OddFieldError(ValueError):
    """A field that has the right type and makes no sense."""

    def __init__(self, field: str, value: object, problem: str, way_out: str) -> None:
        self.field, self.value, self.problem, self.way_out = field, value, problem, way_out
        super().__init__(f"{field}: {problem}")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. `record` is the place in the array, from 1; None: the push as a whole."""

    record: int | None
    field: str
    value: str
    problem: str
    way_out: str

    @property
    def sentence(self) -> str:
        """The fault in one sentence, for people."""
        place = "the push" if self.record is None else f"record {self.record}"
        place += f", field {self.field!r}" if self.field else ""
        found = f" (found {self.value})" if self.value else ""
        return f"{place}: {self.problem}{found}; {self.way_out}"


def odd(record: int, error: OddFieldError) -> Fault:
    """Return the fault of a record's field that makes no sense."""
    return Fault(record, error.field, shorten(error.value), error.problem, error.way_out)


def misshapen(body: bytes, error: msgspec.ValidationError) -> Fault:
    """Return the fault of a push that is JSON and does not fit the schema."""
    # msgspec's sentences: "Expected `int`, got `null` - at `$.records[2].count`"
    found = _PLACE.fullmatch(str(error))
    problem, path = (found[1], found[2] or "") if found else (str(error), "")
    inside = _RECORD.match(path)
    record = int(inside[1]) + 1 if inside else None
    field = path[inside.end() :] if inside else path.removeprefix(".")
    failed = _REGEX.fullmatch(problem)
    pattern = failed[1].replace("\\\\", "\\") if failed else ""
    problem, way_out = WAYS_OUT.get(pattern, (_plain(problem), _SEE_SCHEMA))
    return Fault(record, field, _shown(body, path), problem, way_out)


def malformed(body: bytes, error: msgspec.DecodeError | RecursionError) -> Fault:
    """Return the fault of a body that is no JSON; NaN and Infinity are none."""
    if isinstance(error, RecursionError):
        problem = "the JSON is nested too deeply to hold measurements"
    else:
        problem = f"not well-formed JSON: {str(error).removeprefix('JSON is malformed: ')}"
    place = re.search(r"byte (\d+)", problem)
    around = body[int(place[1]) :][:20].decode(errors="replace") if place else ""
    return Fault(None, "", shorten(around) if around else "", problem, _SEE_SCHEMA)


def _shown(body: bytes, path: str) -> str:
    """Return what stands at a path, cut short; nothing if the JSON breaks off or is contradictory later."""
    try:
        return shorten(text_at(body, path))
    except (msgspec.MsgspecError, RecursionError, LookupError):
        return ""


def _plain(problem: str) -> str:
    """Return a sentence that may quote a field's name, without what cannot be shown or kept."""
    # A name may be of any length and hold a NUL, which no text column takes.
    return "".join(c if c.isprintable() else "?" for c in problem[:_LONGEST])
