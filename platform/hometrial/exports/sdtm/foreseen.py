"""Which rules of CDISC (CORE) will speak of a folder's tabulations though they are right, of whom, and why."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.sdtm.assembling import Made
from hometrial.exports.sdtm.people import WITHHELD

_CRITERIA = (
    "AESCAN", "AESCONG", "AESDISAB", "AESDTH", "AESHOSP", "AESLIFE", "AESOD", "AESMIE",
)  # fmt: skip
_DATES = ("RFICDTC", "DTHDTC")
_CONSENTED, _DIED = (f"DM.{name}" for name in _DATES)
_IN_EPOCHS = ("AE", "DA", "DS", "DV", "EC", "EX", "FA", "FT", "IE", "LB", "NV", "QS", "RS", "VS")
"""Where the judge wants EPOCH; in CM it is known to be wrong, and leaves that out itself."""


@dataclass(frozen=True)
class Foreseen:
    """What a rule will say: of which subjects, once a record; `message` in the rule's words shortened, `why` it stays.

    A subject without a name: the rule speaks of the data set as a whole.
    """

    rule: str
    data_set: str
    message: str
    why: str
    subjects: tuple[str, ...]


@dataclass(frozen=True)
class _Rule:
    rule: str
    data_sets: tuple[str, ...]
    message: str
    why: str
    speaks_of: Callable[[pa.Table], pa.ChunkedArray]


def _is(table: pa.Table, name: str, value: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        return pa.chunked_array([pa.repeat(value == "", len(table))])
    return pc.equal(pc.fill_null(table[name], ""), value)


def _has(table: pa.Table, name: str) -> pa.ChunkedArray:
    return pc.invert(_is(table, name, ""))


def _is_assigned_and_ended(table: pa.Table) -> pa.ChunkedArray:
    return pc.and_(_has(table, "ARMNRS"), _has(table, "RFENDTC"))


def _is_withheld(table: pa.Table) -> pa.ChunkedArray:
    return pc.and_(_is(table, "ARMNRS", WITHHELD), _has(table, "RFXSTDTC"))


def _has_no_age(table: pa.Table) -> pa.ChunkedArray:
    has_failed = _is(table, "ARMNRS", "SCREEN FAILURE")
    is_in = pc.or_(_has(table, "ARMCD"), pc.and_not(_has(table, "ARMNRS"), has_failed))
    return pc.and_(pc.is_null(table["AGE"]), is_in)


def _is_in_no_epoch(table: pa.Table) -> pa.ChunkedArray:
    return _is(table, "EPOCH", "")


def _before_consent(table: pa.Table) -> pa.ChunkedArray:
    """Say which deviations are older than the consent; a date as far as it is known is one like any other."""
    return pc.and_(_has(table, _CONSENTED), pc.less(table["DVSTDTC"], table[_CONSENTED]))


def _took_before_consent(table: pa.Table) -> pa.ChunkedArray:
    return pc.and_(_has(table, "RFXSTDTC"), pc.greater(table["RFICDTC"], table["RFXSTDTC"]))


def _is_dead_some_day(table: pa.Table) -> pa.ChunkedArray:
    return pc.and_(_is(table, "DTHFL", "Y"), _is(table, "DTHDTC", ""))


def _ended_another_day(table: pa.Table) -> pa.ChunkedArray:
    is_fatal = _is(table, "AEOUT", "FATAL")
    if "AEENDTC" not in table.column_names or _DIED not in table.column_names:
        return pc.and_(is_fatal, pc.invert(is_fatal))
    return pc.and_(is_fatal, pc.not_equal(pc.fill_null(table["AEENDTC"], ""), table[_DIED]))


def _goes_on_and_ended(table: pa.Table) -> pa.ChunkedArray:
    return pc.and_(_is(table, "AEOUT", "NOT RECOVERED/NOT RESOLVED"), _has(table, "AEENDTC"))


def _recovered_some_day(table: pa.Table) -> pa.ChunkedArray:
    return pc.and_(_is(table, "AEOUT", "RECOVERED/RESOLVED"), _is(table, "AEENDTC", ""))


def _is_not_judged(table: pa.Table) -> pa.ChunkedArray:
    found = _is(table, "AESER", "")
    for each in _CRITERIA:
        if each in table.column_names:
            found = pc.and_not(found, _is(table, each, "Y"))
    return found


_RULES = (
    _Rule(
        "CORE-000192",
        ("DM",),
        "RFENDTC is filled beside ARMNRS",
        "They were assigned to an arm and have not taken the drug: the arm that starts later waits, and some leave "
        "before the first dose. RFENDTC is required of all who were randomised; two other rules (CORE-000191, "
        "CORE-000886) forbid every other way to say it.",
        _is_assigned_and_ended,
    ),
    *(
        _Rule(
            rule,
            ("DM",),
            message,
            "They were allocated and take the drug, and the profile does not tell the arm.",
            _is_withheld,
        )
        for rule, message in (
            ("CORE-000758", "RFSTDTC is filled beside ARMNRS"),
            ("CORE-000927", "ARMNRS is filled though EX has records"),
        )
    ),
    _Rule(
        "CORE-001043",
        ("DM",),
        "AGE is empty though the subject failed no screening",
        "They have signed a consent, and nobody has told their age yet.",
        _has_no_age,
    ),
    _Rule(
        "CORE-000266",
        ("AE",),
        "AESER is not N, and no criterion of seriousness is Y",
        "Nobody has judged yet whether the event was serious. The rules know only N and Y; empty is unknown.",
        _is_not_judged,
    ),
    _Rule(
        "CORE-000701",
        _IN_EPOCHS,
        "EPOCH is empty",
        "It was before the consent, with which the first epoch begins; or nobody knows the day of it.",
        _is_in_no_epoch,
    ),
    _Rule(
        "CORE-000086",
        ("DV",),
        "DVSTDTC is before RFICDTC",
        "Something was done before the consent: that is what the deviation is about.",
        _before_consent,
    ),
    *(
        _Rule(
            rule,
            ("DM",),
            f"RFICDTC is after {name}",
            "The drug was taken before the consent: it is so on record, and is a deviation.",
            _took_before_consent,
        )
        for rule, name in (("CORE-000658", "RFXSTDTC"), ("CORE-000713", "RFSTDTC"))
    ),
    _Rule(
        "CORE-000657",
        ("AE",),
        "AEENDTC is filled though AEOUT is NOT RECOVERED/NOT RESOLVED",
        "Both were told. One of them is to be corrected at its source; here neither is left out.",
        _goes_on_and_ended,
    ),
    _Rule(
        "CORE-000659",
        ("AE",),
        "AEENDTC is empty though AEOUT is RECOVERED/RESOLVED",
        "It is over, and nobody knows since when.",
        _recovered_some_day,
    ),
    _Rule(
        "CORE-000705",
        ("DM",),
        "DTHDTC is empty though DTHFL is Y",
        "They died, and nobody has told the day.",
        _is_dead_some_day,
    ),
    _Rule(
        "CORE-000841",
        ("AE",),
        "AEENDTC of a fatal event is not DTHDTC",
        "Several events are told to have been fatal, with different ends. One is to be corrected at its source.",
        _ended_another_day,
    ),
)


_GOES_ON = re.compile(r"TSVAL\d+")
_OF_LONG_VALUES = (
    ("CORE-000550", "TSVAL1 and those after it are not in the model's list", None),
    ("CORE-000594", "Their label is not in title case", None),
    ("CORE-000852", "They are not in the order of the variables", 1),
    ("CORE-001081", "Their role is not the model's", None),
    ("CORE-001082", "Their type is not the model's", None),
)
"""Rule, what it says, and how often: None, once a variable."""


def foreseen(tabulations: Mapping[str, Made]) -> list[Foreseen]:
    """Return what CORE will say of these data sets; `docs/core.md` explains each rule."""
    found = []
    for each in _RULES:
        for name in each.data_sets:
            subjects = _subjects(tabulations.get(name), each, tabulations.get("DM"))
            if subjects:
                found.append(Foreseen(each.rule, name, each.message, each.why, subjects))
    return [*found, *_of_nobody_treated(tabulations), *_of_long_values(tabulations)]


def _of_nobody_treated(tabulations: Mapping[str, Made]) -> Iterator[Foreseen]:
    """Yield what is said of a study in which nobody has taken the drug yet, once for each data set."""
    if tabulations and "EX" not in tabulations:
        why = "Nobody has taken the drug yet."
        message = "EX is not there though the study has a treatment"
        yield Foreseen("CORE-000739", "STUDY", message, why, ("",) * len(tabulations))


def _of_long_values(tabulations: Mapping[str, Made]) -> Iterator[Foreseen]:
    """Yield what is said of the variables in which a long value of TS goes on."""
    names = tabulations["TS"].table.column_names if "TS" in tabulations else []
    further = [name for name in names if _GOES_ON.fullmatch(name)]
    if further:
        why = "The guide names the variables so in which a value of more than 200 characters goes on; the rules' list ends with TSVAL."
        for rule, message, times in _OF_LONG_VALUES:
            yield Foreseen(rule, "TS", message, why, ("",) * (times or len(further)))


def _subjects(made: Made | None, rule: _Rule, people: Made | None) -> tuple[str, ...]:
    if made is None:
        return ()
    table = made.table if people is None else _beside(made.table, people.table)
    return tuple(table.filter(rule.speaks_of(table))["USUBJID"].to_pylist())


def _beside(table: pa.Table, people: pa.Table) -> pa.Table:
    """Return a table with the dates of its subjects that rules compare with its own."""
    place = pc.index_in(table["USUBJID"], value_set=people["USUBJID"])
    for name in _DATES:
        days = people[name] if name in people.column_names else pa.nulls(len(people), pa.string())
        table = table.append_column(f"DM.{name}", pc.fill_null(days.take(place), ""))
    return table
