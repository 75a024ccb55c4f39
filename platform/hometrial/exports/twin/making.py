"""A twin as a whole: each person's rows, table by table, in Arrow."""

from collections.abc import Iterable

import pyarrow as pa

from hometrial.errors import ExportRefusedError
from hometrial.exports.source.reading import Row, Source
from hometrial.exports.source.tables import BY_NAME, TABLES
from hometrial.exports.twin import arriving, doses, health, people, visits, wearing
from hometrial.exports.twin.course import course_of
from hometrial.exports.twin.forms import Forms
from hometrial.exports.twin.life import Life
from hometrial.exports.twin.setting import Setting

Tables = dict[str, Iterable[Row]]


def twin(setting: Setting, number: int) -> Source:
    """Return the source tables of a study with so many invented people; one seed, one result.

    Raises ExportRefusedError without people, or if nobody can fulfil the protocol's eligibility.
    """
    if number < 1:
        raise ExportRefusedError(f"people: {number}; a twin has 1 or more")
    found: dict[str, list[pa.Table]] = {each.name: [] for each in TABLES}
    _keep(found, _of_study(setting))
    for place in range(1, number + 1):
        _keep(found, _of_person(Life(setting, place)))
    # Popped one by one: what is joined is not kept a second time.
    return Source({each.name: _joined(each.name, found.pop(each.name)) for each in TABLES})


def _keep(found: dict[str, list[pa.Table]], rows: Tables) -> None:
    for name, each in rows.items():
        found[name].append(BY_NAME[name].table(each))


def _joined(name: str, parts: list[pa.Table]) -> pa.Table:
    if not parts:
        return BY_NAME[name].schema.empty_table()
    return pa.concat_tables(parts).combine_chunks().sort_by([("id", "ascending")])


def _of_study(setting: Setting) -> Tables:
    return {
        "protocol_version": people.protocol_versions(setting),
        "instrument": people.instruments(setting),
        "site": people.sites(setting),
    }


def _of_person(life: Life) -> Tables:
    course = course_of(life)
    dosed = None if course is None else doses.Doses(life, course)
    held = visits.calendar(life)
    forms = Forms(life, dosed)
    forms.ask(held)
    return {
        **_entered(life, forms),
        **({} if dosed is None else _dosed(dosed)),
        **_observed(life, dosed, held),
        **forms.rows,
        **({} if life.fate == "screen_failure" else _worn(wearing.Worn(life))),
        "audit": arriving.audit(life),
    }


def _entered(life: Life, forms: Forms) -> Tables:
    told = {
        each.id: value
        for each in life.setting.protocol.variables
        if each.origin and (value := forms.scored.get((each.origin.form, each.origin.score))) is not None
    }  # fmt: skip
    screening, answers = people.screening(life, told)
    return {
        "participant": people.participants(life),
        "participation": people.participations(life),
        "anchor": people.anchors(life),
        "epoch": people.epochs(life),
        "screening": screening,
        "screening_answer": answers,
        "consent_signature": people.signatures(life),
        "consent_event": people.consent_events(life),
        "withdrawal": people.withdrawals(life),
        "allocation": people.allocations(life),
    }


def _dosed(dosed: doses.Doses) -> Tables:
    return {
        "dose_order": doses.dose_orders(dosed),
        "intake": doses.intakes(dosed),
        "interruption": doses.interruptions(dosed),
        "dose_day": doses.dose_days(dosed),
        "supply": doses.supplies(dosed),
    }


def _observed(life: Life, dosed: doses.Doses | None, held: list[visits.Held]) -> Tables:
    return {
        "visit": visits.visits(life, held),
        "deviation": visits.deviations(life, held),
        "laboratory": visits.laboratory(life, held),
        "treatment_told": health.treatments_told(life),
        "medication": health.medications(life),
        "adverse_event": health.adverse_events(life, dosed),
        "baseline_symptom": health.baseline_symptoms(life),
        "bad_day": health.bad_days(life),
    }


def _worn(worn: wearing.Worn) -> Tables:
    if not worn.streams:
        return {"query": arriving.queries(worn)}
    return {
        "device": wearing.devices(worn),
        "daily_metric": wearing.daily_metrics(worn),
        "data_day": wearing.data_days(worn),
        "gap": wearing.gaps(worn),
        "chunk": wearing.chunks(worn),
        "batch": arriving.batches(worn),
        "verdict": arriving.verdicts(worn),
        "quarantined": arriving.quarantined(worn),
        "query": arriving.queries(worn),
    }
