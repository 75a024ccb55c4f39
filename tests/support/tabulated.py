"""Tabulations written by hand, and the analysis data sets of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
from protocols import shipped

from hometrial.exports import metadata
from hometrial.exports.adam.data_sets import analyse
from hometrial.exports.adam.trial import Trial
from hometrial.exports.sdtm import planned, standard
from hometrial.exports.sdtm.assembling import LINEAGE, Made
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.protocol import loading
from hometrial.protocol.model import Protocol

FIRST = date(2026, 3, 2)
WHO = "S-A-1"


def made(name: str, rows: Sequence[dict[str, Any]]) -> Made:
    domain = replace(standard.domain(name), keys=())
    known = {each.name for each in domain.columns}
    filled = [
        {
            key: value
            for key, value in {"STUDYID": "S", "USUBJID": WHO, f"{name}SEQ": place, **row}.items()
            if key in known
        }
        for place, row in enumerate(rows, start=1)
    ]
    lineage = [
        {"row": place, "source": f"{name.lower()}/{place}"} for place in range(1, len(rows) + 1)
    ]
    return Made(domain, metadata.frame(domain, filled), pa.Table.from_pylist(lineage, LINEAGE))


def day(number: int) -> str:
    """Return study day `number` (1 is the first dose) as a date."""
    return (FIRST + timedelta(number - 1 if number > 0 else number)).isoformat()


def person(protocol: Protocol, who: str = WHO, **more: str) -> dict[str, Any]:
    arm = protocol.arms[0]
    return {
        "USUBJID": who, "SUBJID": who[2:], "SITEID": "01", "SEX": "F", "AGE": 40, "AGEU": "YEARS", "COUNTRY": "GBR",
        "ARMCD": arm.id, "ARM": arm.label, "ACTARMCD": arm.id, "ACTARM": arm.label, "RFICDTC": day(-30),
        "RFXSTDTC": day(1), "RFXENDTC": day(100), "RFPENDTC": day(120), **more,
    }  # fmt: skip


def elements(protocol: Protocol, *spans: tuple[str, int, int]) -> Made:
    codes = planned.element_codes(protocol)
    return made(
        "SE",
        [
            {"ETCD": codes[epoch], "SESTDTC": day(first), "SEENDTC": day(last)}
            for epoch, first, last in spans
        ],
    )


def trial(protocol_id: str, **tabulations: Sequence[dict[str, Any]] | Made) -> Trial:
    protocol = shipped(protocol_id)
    tables = {"DM": made("DM", [person(protocol)])}
    tables |= {
        name: each if isinstance(each, Made) else made(name, each)
        for name, each in tabulations.items()
    }
    return Trial(protocol, tables)


def source(protocol_id: str) -> Source:
    body = {
        "id": "P",
        "protocol": protocol_id,
        "in_force": True,
        "body": loading.shipped_text(protocol_id),
    }
    return Source({"protocol_version": BY_NAME["protocol_version"].table([body])})


def analysed(of: Trial) -> dict[str, pd.DataFrame]:
    found = analyse(source(of.protocol.id), of.tabulations)
    return {name: each.table.to_pandas() for name, each in found.items()}


def taken(first: int, last: int, mg: float, often: str = "QD") -> dict[str, Any]:
    return {
        "EXTRT": "NALTREXONE",
        "EXDOSE": mg,
        "EXDOSU": "mg",
        "EXDOSFRQ": often,
        "EXSTDTC": day(first),
        "EXENDTC": day(last),
    }


def told(first: int, last: int, mg: float | None, often: str = "QD") -> dict[str, Any]:
    """Return the row of EC that tells of doses; without an amount: of days on which one was missed."""
    spent = {"ECOCCUR": "N"} if mg is None else {"ECOCCUR": "Y", "ECDOSE": mg, "ECDOSFRQ": often}
    return {
        "ECTRT": "X",
        "ECMOOD": "PERFORMED",
        "ECDOSU": "" if mg is None else "mg",
        "ECSTDTC": day(first),
        "ECENDTC": day(last),
        **spent,
    }


def ordered(first: int, last: int, mg: float, often: str = "QD") -> dict[str, Any]:
    """Return the row of EC that tells what was planned."""
    row = told(first, last, mg, often)
    return {key: each for key, each in row.items() if key != "ECOCCUR"} | {"ECMOOD": "SCHEDULED"}


def score(
    at: str, value: float, visit: float | None = None, code: str = "FC27S09"
) -> dict[str, Any]:
    return {
        "QSTESTCD": code,
        "QSTEST": f"Test {code}",
        "QSCAT": "FUNCAP27",
        "QSSTRESN": value,
        "QSSTRESC": str(value),
        "QSDTC": at,
        "VISITNUM": visit,
    }


def numbers(protocol_id: str) -> dict[str, float]:
    return {each.visit.id: each.number for each in reversed(planned.visits(shipped(protocol_id)))}


def cdai(at: str, value: float, visit: str) -> dict[str, Any]:
    return {**score(at, value, numbers("ldn-crohns")[visit], "CDAI0123"), "QSCAT": "CDAI V1"}


def crohns(*rows: dict[str, Any]) -> Trial:
    return trial("ldn-crohns", EX=[taken(1, 100, 4.5)], QS=list(rows))
