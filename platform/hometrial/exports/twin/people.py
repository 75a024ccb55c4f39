"""Source tables of the study and its people: versions, sites, screening, consent, arms, anchors, epochs, leaving."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta

from hometrial.exports.source.reading import Row
from hometrial.exports.twin.eligible import asked, failing, varied
from hometrial.exports.twin.life import Life
from hometrial.exports.twin.setting import Setting
from hometrial.protocol.epochs import epochs_lived
from hometrial.protocol.variables import Variable
from hometrial.rules import Answer

_SITES = (("01", "Home trial office London", "GBR"), ("02", "Studienbüro Köln", "DEU"))
_STATUS = {
    "screen_failure": "screen_failure",
    "withdrawn": "withdrawn",
    "left_in_run_in": "withdrawn",
    "not_treated": "withdrawn",
    "lost": "lost_to_follow_up",
}
_BEGUN = datetime(2024, 1, 2, 9, tzinfo=UTC)
_LEFT = (
    'Told the nurse: "I cannot do this any longer, the headaches come back with every step."\n'
    "Müde, schwach – möchte aufhören; wants her data to be used, and a copy of the results by post, please.\n"
    "Wished to stay in contact with the team. Thanked everybody for their patience and kindness."
)


def protocol_versions(setting: Setting) -> Iterator[Row]:
    """Yield the one protocol version, in force."""
    protocol = setting.protocol
    yield {
        "id": setting.version_id, "protocol": protocol.id, "version": protocol.version, "in_force": True,
        "body": setting.body, "published_at": _BEGUN,
    }  # fmt: skip


def instruments(setting: Setting) -> Iterator[Row]:
    """Yield each questionnaire."""
    for name, each in setting.declared.items():
        yield {
            "id": f"{each.id}/{each.version}", "instrument": each.id, "version": each.version,
            "body": setting.instruments[name], "sha256": setting.hashes[name],
        }  # fmt: skip


def sites(setting: Setting) -> Iterator[Row]:
    """Yield one site, or two where the protocol has several."""
    several = setting.protocol.design.sites == "several"
    for code, name, country in _SITES[: 2 if several else 1]:
        yield {"id": code, "name": name, "country": country}


def participants(life: Life) -> Iterator[Row]:
    """Yield the person."""
    yield {
        "id": life.code, "participant": life.code, "site": _SITES[life.site][0],
        "status": _STATUS.get(life.fate, "enrolled"), "created": life.local(life.planned["consent"], 600),
    }  # fmt: skip


def participations(life: Life) -> Iterator[Row]:
    """Yield the version that they follow."""
    yield {
        "id": life.named("participation", 1), "participant": life.code,
        "protocol_version": life.setting.version_id, "number": 1,
        "since": life.local(life.planned["consent"], 620),
    }  # fmt: skip


def anchors(life: Life) -> Iterator[Row]:
    """Yield the days from which windows count."""
    for name, day in sorted(life.anchors.items()):
        yield {"id": f"{life.code}/{name}", "participant": life.code, "anchor": name, "day": day}


def epochs(life: Life) -> Iterator[Row]:
    """Yield the epochs that they were in by the last day of data."""
    protocol, until = life.setting.protocol, life.setting.until
    lived = epochs_lived(protocol, life.arm, life.anchors, until)
    for number, each in enumerate(lived, start=1):
        yield {
            "id": f"{life.code}/{each.epoch}", "participant": life.code, "epoch": each.epoch, "number": number,
            "first": each.first, "last": each.last,
        }  # fmt: skip


def screening(life: Life, told: Mapping[str, Answer]) -> tuple[list[Row], list[Row]]:
    """Return the screening and its answers; `told` is what forms say of a variable."""
    protocol = life.setting.protocol
    answers = varied(protocol, life.setting.eligible, life.chance("eligible"), told)
    failed: tuple[str, ...] = ()
    if life.fate == "screen_failure":
        answers, failed = failing(protocol, answers, life.chance("failing"))
    first = life.planned["consent"]
    decided = life.left if failed and life.left else life.entered
    name = life.named("screening", 1)
    row = {
        "id": name, "participant": life.code, "number": 1, "opened": life.local(first, 630),
        "outcome": "screen_failure" if failed else "eligible", "decided": life.local(decided, 540),
        "failing": "; ".join(failed) or None, "because": "Excluded by the rules" if failed else "All rules hold",
    }  # fmt: skip
    return [row], [_answer(life, name, each, answers[each.id]) for each in asked(protocol)]


def _answer(life: Life, screening: str, variable: Variable, answer: Answer) -> Row:
    is_number = isinstance(answer, int | float) and not isinstance(answer, bool)
    value = str(answer).lower() if isinstance(answer, bool) else str(answer)
    return {
        "id": life.named("screening_answer", variable.id), "participant": life.code, "screening": screening,
        "variable": variable.id, "type": variable.type, "value": value,
        "number": float(answer) if is_number else None, "source": "form" if variable.origin else "staff",
        "recorded": life.local(life.planned["consent"], 660),
    }  # fmt: skip


def signatures(life: Life) -> Iterator[Row]:
    """Yield the signatures under the consent: the person's, then the investigator's."""
    documents = life.setting.protocol.consent.documents
    document = documents[life.site % len(documents)]
    for minute, part, role in ((600, "participant", "self"), (612, "investigator", "self")):
        yield {
            "id": life.named("signature", part), "participant": life.code, "document": document.id,
            "version": document.version, "language": document.language, "part": part, "role": role,
            "kind": "electronic", "signed": life.local(life.planned["consent"], minute),
        }  # fmt: skip


def consent_events(life: Life) -> Iterator[Row]:
    """Yield what was granted of each kind of data, and withdrawn again by who left."""
    for data_type in life.setting.protocol.consent.data_types:
        decisions = [("granted", life.planned["consent"], 605)]
        if life.fate == "withdrawn" and life.left is not None:
            decisions.append(("withdrawn", life.left, 900))
        for decision, day, minute in decisions:
            yield {
                "id": life.named("consent_event", data_type, decision), "participant": life.code,
                "data_type": data_type, "decision": decision, "effective": life.local(day, minute),
            }  # fmt: skip


def withdrawals(life: Life) -> Iterator[Row]:
    """Yield what somebody chose to leave."""
    choices = {
        "withdrawn": ("stop_drug", "withdraw_completely"),
        "left_in_run_in": ("withdraw_completely",),
        "not_treated": ("withdraw_completely",),
    }
    for choice in choices.get(life.fate, ()):
        assert life.left is not None  # noqa: S101 - both have left
        yield {
            "id": life.named("withdrawal", choice), "participant": life.code, "choice": choice,
            "decided": life.local(life.left, 900), "reason": _LEFT, "role": "self",
        }  # fmt: skip


def allocations(life: Life) -> Iterator[Row]:
    """Yield the arm that was drawn, in a trial that draws."""
    day = life.anchors.get("randomisation")
    if day is not None and life.arm is not None:
        yield {
            "id": life.named("allocation"), "participant": life.code, "arm": life.arm, "stratum": "all",
            "number": life.number, "allocated": datetime.combine(day, time(11), life.zone(day)).isoformat(),
        }  # fmt: skip


def first_month(life: Life) -> str:
    """Return the month in which their illness began, some years before consent."""
    began = life.planned["consent"] - timedelta(days=life.chance("ill").whole(400, 6000))
    return f"{began:%Y-%m}"
