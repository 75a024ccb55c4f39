"""The wearable's daily figures: FA (activity, wear), VS (heart) and NV (sleep), and the crash days that people told of.

One record a day and figure for all days of a person, the missing and the invalid ones too: those say NOT DONE and why.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.sdtm.assembling import PERSON, SOURCE
from hometrial.exports.sdtm.columnar import Columns, plain, rounded
from hometrial.exports.sdtm.crashes import crashes
from hometrial.exports.sdtm.study import Study

CATEGORY = "WEARABLE DAILY SUMMARY"
NO_DATA = "NO DATA RECEIVED"
NOT_DERIVABLE = "NOT DERIVABLE FROM THE DATA OF THE DAY"
INVALID = {
    "day": "INVALID DAY: WEAR TIME BELOW 10 HOURS",
    "night": "INVALID NIGHT: HEART RATE IN LESS THAN 70% OF THE MAIN SLEEP",
}
_PERSON_DAY = ["participant", "day"]


@dataclass(frozen=True)
class Figure:
    """How a daily metric stands in a tabulation; `valid`: it counts only on a valid `day` or `night`."""

    metric: str
    domain: str
    testcd: str
    test: str
    object: str
    summary: str
    unit: str
    method: str
    valid: str


@cache
def figures() -> Mapping[str, Figure]:
    """Return the metrics that are tabulated; others are parts of these, and in the tidy tables alone."""
    text = files("hometrial.exports.sdtm").joinpath("wearables.csv").read_text("utf-8")
    lines = csv.DictReader(text.splitlines())
    return {line["metric"]: Figure(**line) for line in lines if line["domain"]}


def fa(study: Study) -> Columns:
    """Return the rows of FA: activity and wear of each day, and crash days."""
    daily = _Days(study).rows("FA")
    return Columns(pa.concat_tables([daily, crashes(study)], promote_options="permissive"))


def vs(study: Study) -> Columns:
    """Return the rows of VS."""
    return Columns(_Days(study).rows("VS"))


def nv(study: Study) -> Columns:
    """Return the rows of NV: the main sleep that ended on a day."""
    return Columns(_Days(study).rows("NV"))


@dataclass(frozen=True)
class _Days:
    """Every day of every person against every figure that the person's devices give."""

    study: Study

    @cached_property
    def _metrics(self) -> pa.Table:
        return self.study.source.table("daily_metric")

    @cached_property
    def _days(self) -> pa.Table:
        """The days, with their validity and the cause of what is missing."""
        days = self.study.source.table("data_day")
        for name in INVALID:
            judged = self._metrics.filter(pc.equal(self._metrics["metric"], f"valid_{name}"))
            judged = judged.select([*_PERSON_DAY, "value"])
            judged = judged.rename_columns([*_PERSON_DAY, f"valid_{name}"])
            days = days.join(judged, keys=_PERSON_DAY, join_type="left outer")
        return days.join(self._causes(), keys=_PERSON_DAY, join_type="left outer")

    def _causes(self) -> pa.Table:
        """Return why nothing came on a day, of the days that have only one cause."""
        found: dict[tuple[str, object], set[str]] = {}
        for row in self.study.source.table("gap").select([*_PERSON_DAY, "cause"]).to_pylist():
            found.setdefault((row["participant"], row["day"]), set()).add(row["cause"])
        alone = [(*key, next(iter(causes))) for key, causes in found.items() if len(causes) == 1]
        columns = list(zip(*alone, strict=True)) or [(), (), ()]
        types = (pa.string(), pa.date32(), pa.string())
        return pa.table(
            {
                name: pa.array(list(values), kind)
                for name, values, kind in zip([*_PERSON_DAY, "cause"], columns, types, strict=True)
            }
        )

    def rows(self, domain: str) -> pa.Table:
        """Return a domain's rows as columns."""
        wanted = [each for each in figures().values() if each.domain == domain]
        table, place = self._grid(wanted)

        def of(ask: Callable[[Figure], object]) -> pa.Array:
            return pa.array([ask(each) for each in wanted], pa.string()).take(place)

        reason = _reason(table, of(lambda each: each.valid))
        is_done = pc.equal(reason, "")
        text = pc.if_else(is_done, _text(table, of(lambda each: each.metric)), "")
        unit = pc.if_else(is_done, of(lambda each: each.unit), "")
        columns = {
            "TESTCD": of(lambda each: each.testcd),
            "TEST": of(lambda each: each.test),
            "CAT": pa.repeat(CATEGORY, table.num_rows),
            "ORRES": text,
            "ORRESU": unit,
            "STRESC": text,
            "STRESN": _number(table, is_done, of(lambda each: each.metric)),
            "STRESU": unit,
            "STAT": pc.if_else(is_done, "", "NOT DONE"),
            "REASND": reason,
        }
        columns |= _own(domain, table, of, is_done)
        named = {f"{domain}{name}": values for name, values in columns.items()}
        whose = {
            PERSON: table["participant"],
            SOURCE: pc.coalesce(table["figure"], table["of_day"]),
            "SPDEVID": pc.fill_null(table["device"], ""),
        }
        return pa.table(whose | named)

    def _grid(self, wanted: list[Figure]) -> tuple[pa.Table, pa.Array]:
        """Return each person's days against the figures that the person has on any day, with their values."""
        names = pa.array([each.metric for each in wanted], pa.string())
        values = self._metrics.filter(pc.is_in(self._metrics["metric"], value_set=names))
        figure = pc.binary_join_element_wise("daily_metric", values["id"], "/")
        values = values.select([*_PERSON_DAY, "metric", "value"]).append_column("figure", figure)
        has = values.group_by(["participant", "metric"]).aggregate([])
        of_day = pc.binary_join_element_wise("data_day", self._days["id"], "/")
        days = self._days.drop_columns(["id"]).append_column("of_day", of_day)
        grid = days.join(has, keys="participant", join_type="inner")
        grid = grid.join(values, keys=[*_PERSON_DAY, "metric"], join_type="left outer")
        place = grid.column_names.index("value")
        grid = grid.set_column(place, "value", rounded(grid["value"])).combine_chunks()
        return grid, pc.index_in(grid["metric"], value_set=names).combine_chunks()


def _reason(table: pa.Table, valid: pa.Array) -> pa.Array:
    """Say why a figure is not there or does not count; nothing if it stands."""
    cause = pc.utf8_upper(pc.replace_substring(pc.fill_null(table["cause"], ""), "_", " "))
    with_cause = pc.if_else(
        pc.equal(cause, ""), NO_DATA, pc.binary_join_element_wise(NO_DATA, cause, ": ")
    )
    is_empty = pc.equal(pc.fill_null(table["status"], "none"), "none")
    missing = pc.if_else(is_empty, with_cause, NOT_DERIVABLE)
    reason = pc.if_else(pc.is_null(table["value"]), missing, "")
    for name, words in INVALID.items():
        judged = pc.equal(pc.fill_null(table[f"valid_{name}"], 1), 0)
        is_out = pc.and_(pc.and_(pc.equal(valid, name), judged), pc.is_valid(table["value"]))
        reason = pc.if_else(is_out, words, reason)
    return reason


def _is_flag(metric: pa.Array) -> pa.Array:
    return pc.starts_with(metric, "valid_")


def _text(table: pa.Table, metric: pa.Array) -> pa.Array:
    """Return the result as text: Y or N of what is or is not so."""
    value = table["value"]
    flag = pc.if_else(pc.equal(value, 1), "Y", "N")
    return pc.fill_null(pc.if_else(_is_flag(metric), flag, plain(value)), "")


def _number(table: pa.Table, is_done: pa.Array, metric: pa.Array) -> pa.Array:
    stands = pc.and_(is_done, pc.invert(_is_flag(metric)))
    return pc.if_else(stands, table["value"], None)


def _own(
    domain: str,
    table: pa.Table,
    of: Callable[[Callable[[Figure], object]], pa.Array],
    is_done: pa.Array,
) -> dict[str, pa.Array]:
    """Return what one domain has and others have not; a night is dated by its end, with its length."""
    day = pc.strftime(table["day"], format="%Y-%m-%d")
    if domain == "VS":
        summary = of(lambda each: each.summary)
        told = pc.if_else(
            pc.equal(summary, ""), "", pc.binary_join_element_wise("DAILY", summary, " ")
        )
        return {"COLSRT": summary, "SCAT": told, "DTC": day}
    if domain == "FA":
        return {
            "OBJ": of(lambda each: each.object), "METHOD": of(lambda each: each.method), "DTC": day
        }  # fmt: skip
    end = pc.utf8_slice_codeunits(pc.fill_null(table["main_sleep_end"], ""), 0, 16)
    is_night = pc.and_(is_done, pc.not_equal(end, ""))
    return {
        "METHOD": of(lambda each: each.method),
        "DTC": pc.if_else(is_night, end, day),
        "EVLINT": pc.if_else(is_night, _lasting(table["minutes_in_main_sleep"]), ""),
    }


def _lasting(minutes: pa.ChunkedArray) -> pa.Array:
    """Return how long before its date a night began: -PT9H, -PT8H30M."""
    coded = pc.fill_null(minutes, 0.0).combine_chunks().dictionary_encode()
    return pa.array([_duration(round(each)) for each in coded.dictionary.to_pylist()]).take(
        coded.indices
    )


def _duration(minutes: int) -> str:
    if minutes <= 0:
        return ""
    hours, left = divmod(minutes, 60)
    return "-PT" + (f"{hours}H" if hours else "") + (f"{left}M" if left else "")
