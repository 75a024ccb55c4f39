"""The doctor's checks in their order, and the one sentence that they come to."""

from collections.abc import Callable, Sequence

from hometrial.services.diagnosing import flow, link
from hometrial.services.diagnosing.check import Check, ok, problem
from hometrial.services.diagnosing.facts import Facts
from hometrial_ingest.data_types import DataType


def person_takes_part(facts: Facts) -> Check:
    """Whether data of this person are expected at all."""
    name = "participant"
    if facts.person.status == "withdrawn":
        return problem(name, f"{facts.code} has withdrawn", "nothing to do: no data are expected")
    if facts.pause is not None:
        since, until = facts.local(facts.pause.start_at), facts.pause.end_at
        rest = f"rests since {since}, {f'until {facts.local(until)}' if until else 'until further notice'}"
        return ok(name, f"{facts.code} {rest}", "nothing to do: gaps of a pause are excused")
    return ok(name, f"{facts.code} is {facts.person.status}")


def zone_is_known(facts: Facts) -> Check:
    """Whether local days can be told."""
    if facts.zones:
        return ok("zone", f"{facts.zones[-1].zone} ({facts.zones[-1].source})")
    return problem(
        "zone",
        "no zone is on record, so that local days cannot be told and nothing is read",
        f"run: hometrial participant zone {facts.code} ZONE",
    )


def consent_is_in_force(facts: Facts) -> Check:
    """Whether the person agreed, data type by data type."""
    name, given = "consent", facts.consents
    in_force = [kind for kind in DataType if given.in_force(kind, facts.now)]
    ended = [kind for kind in given.spells if kind not in in_force]
    if not in_force and not given.on_record and facts.imported and not facts.sources:
        return ok(name, "none on record; the data were imported by staff")
    if not in_force:
        what = "every data type is withdrawn" if given.on_record else "no consent is on record"
        return problem(name, f"{what}, so that nothing is read", _record(facts))
    text = f"in force: {_words(in_force)}"
    if ended:
        return ok(name, f"{text}; not in force any more: {_words(ended)}",
                  "nothing to mend: what is withdrawn stays out")  # fmt: skip
    never = [kind for kind in DataType if kind not in in_force]
    return ok(name, text + (f"; never given: {_words(never)}" if never else ""))


def _record(facts: Facts) -> str:
    return f"if the person has signed, record it: hometrial consent grant {facts.code}"


def _words(kinds: Sequence[DataType]) -> str:
    return ", ".join(kind.replace("_", " ") for kind in kinds)


CHECKS: tuple[Callable[[Facts], Check], ...] = (
    person_takes_part,
    zone_is_known,
    consent_is_in_force,
    link.account_is_linked,
    link.provider_is_alive,
    link.token_is_good,
    link.scopes_are_granted,
    link.device_hands_over,
    flow.last_read_went_well,
    flow.worker_runs,
    flow.pages_pass_the_gate,
    flow.quarantine_is_empty,
    flow.gaps_have_causes,
    flow.days_become_final,
)
"""In the order in which data travel: the first that fails explains those after it."""


def run(facts: Facts) -> tuple[Check, ...]:
    """Return what each check says."""
    return tuple(check(facts) for check in CHECKS)


def answer(facts: Facts, found: Sequence[Check]) -> str:
    """Return the first problem with its fix in one sentence; without one, what is worth knowing."""
    for verdict in ("problem", "ok"):
        for check in found:
            if check.verdict == verdict and check.fix:
                return f"{_capital(check.finding)}; {check.fix}."
    return f"Nothing stands in the way of {facts.code}'s data."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
