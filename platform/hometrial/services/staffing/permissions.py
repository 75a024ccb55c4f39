"""The one table of what staff may do (architecture D10): read it from top to bottom to know who may do what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Of = Literal["people", "study", "oneself"]

_SHORT = {
    "C": "coordinator",
    "M": "data_manager",
    "I": "investigator",
    "S": "statistician",
    "N": "monitor",
    "D": "dsmb",
    "A": "admin",
}
EVERYBODY = "CMISNDA"


@dataclass(frozen=True)
class Action:
    """One thing that staff do: by which roles, in words, whether it changes something, and whose."""

    roles: frozenset[str]
    words: str
    writes: bool = False
    of: Of = "people"


def _roles(letters: str) -> frozenset[str]:
    return frozenset(_SHORT[letter] for letter in letters)


def _see(letters: str, words: str, of: Of = "people") -> Action:
    return Action(_roles(letters), words, writes=False, of=of)


def _do(letters: str, words: str, of: Of = "people") -> Action:
    return Action(_roles(letters), words, writes=True, of=of)


ACTIONS: Mapping[str, Action] = {
    "today.see": _see("CMI", "see what waits to be done"),
    "people.see": _see("CMISN", "see people by their pseudonyms, with their measurements"),
    "identity.see": _see("CI", "see how a person is reached"),
    "people.enrol": _do("CI", "screen and enrol people"),
    "people.contact": _do("CI", "write to people, send links, log contacts"),
    "people.rest": _do("CI", "begin and end a person's rest from the study"),
    "people.withdraw": _do("CI", "record what a person withdraws from"),
    "consent.see": _see("CMIN", "see signatures and choices of consent"),
    "consent.record": _do("CI", "record talks, and consent on paper"),
    "consent.countersign": _do("I", "countersign consent"),
    "visit.see": _see("CMISN", "see visits"),
    "visit.record": _do("CI", "record what became of a visit"),
    "dose.see": _see("CMISN", "see planned and taken doses"),
    "dose.order": _do("I", "order, hold, reduce and stop the drug"),
    "dose.record": _do("CI", "record doses that a person told of"),
    "supply.see": _see("CMIN", "see where the drug is"),
    "supply.handle": _do("CI", "dispense, take back and count the drug"),
    "answers.see": _see("CMISN", "see answers to questionnaires and their scores"),
    "answers.correct": _do("CM", "correct an answer, with a reason"),
    "answers.enter": _do("CI", "enter forms of the staff, and answers told by telephone"),
    "medication.see": _see("CMISN", "see other medicines"),
    "medication.record": _do("CI", "record other medicines"),
    "event.see": _see("CMISN", "see adverse events"),
    "event.record": _do("CI", "record adverse events and what became of them"),
    "event.assess": _do("I", "judge seriousness, causality and expectedness"),
    "event.code": _do("M", "code adverse events"),
    "deviation.see": _see("CMISN", "see deviations from the protocol"),
    "deviation.record": _do("CMI", "record deviations from the protocol"),
    "endorse.sign": _do("I", "sign for what is recorded of a person"),
    "sampling.plan": _do("N", "decide which share of the values is verified", "study"),
    "alert.see": _see("CMIN", "see alerts and their clocks"),
    "alert.handle": _do("CI", "acknowledge and close alerts"),
    "laboratory.record": _do("CI", "record results of laboratories"),
    "message.see": _see("CMIN", "see messages and what became of them"),
    "data.see": _see("CMISN", "see what came in, what is missing and why"),
    "sync.ask": _do("CM", "ask for a read of a watch"),
    "quarantine.decide": _do("CM", "decide about rows that were set aside"),
    "query.see": _see("CMIN", "see queries"),
    "query.open": _do("CMN", "open queries"),
    "query.answer": _do("CI", "answer queries"),
    "query.close": _do("MN", "close queries"),
    "query.assign": _do("CM", "assign queries"),
    "rule.see": _see("CMISN", "see the rules of validation", "study"),
    "rule.rehearse": _do("M", "rehearse a change of a rule", "study"),
    "rule.publish": _do("M", "publish a change of a rule", "study"),
    "provider.end": _do("M", "record the end of a provider", "study"),
    "trial.see": _see("CMISN", "see the protocol", "study"),
    "trial.edit": _do("MI", "draft a change of the protocol", "study"),
    "trial.approve": _do("I", "approve a protocol", "study"),
    "trial.publish": _do("MI", "publish a protocol", "study"),
    "recruitment.see": _see("CMISN", "see screening, enrolment and allocation in numbers"),
    "allocation.act": _do("CI", "allocate people"),
    "monitoring.see": _see("NMI", "see source-data verification and visit reports"),
    "sdv.mark": _do("N", "mark values as verified"),
    "visit_report.write": _do("N", "write and sign reports of monitoring visits"),
    "history.see": _see("CMIN", "see who changed a value, when and why"),
    "audit.see": _see("NMA", "see the audit trail"),
    "access.see": _see("NA", "see who looked at what", "study"),
    "review.sign": _do("MN", "sign a review of the audit trail"),
    "export.request": _do("SM", "ask for data sets", "study"),
    "export.take": _see("SM", "take data sets away"),
    "lock.see": _see("SMIND", "see locks, what they hold and who signed them", "study"),
    "lock.make": _do("SM", "make a lock of the study's data", "study"),
    "lock.sign": _do("MI", "sign a lock", "study"),
    "pack.open": _see("DSM", "see the open pack of the safety board", "study"),
    "pack.closed": _see("D", "see the closed pack of the safety board", "study"),
    "decision.record": _do("D", "record what the safety board decided", "study"),
    "system.see": _see("CMIA", "see the health of the system", "study"),
    "users.see": _see("AN", "see accounts and what they may do", "study"),
    "users.keep": _do("A", "make, link and disable accounts, and end roles", "study"),
    "users.request": _do("A", "ask for an account's role", "study"),
    "users.approve": _do("A", "decide about a role that another asked for", "study"),
    "token.own": _do("SM", "keep tokens of the read interface", "oneself"),
    "key.rotate": _do("A", "change the keys that seal tokens", "study"),
    "study.pause": _do("I", "pause the whole study", "study"),
    "account.own": _do(EVERYBODY, "keep one's own account", "oneself"),
}
"""Action -> who may do it. A page without an action does not start; an action that is not here is nobody's."""


def ordered() -> list[tuple[str, Action]]:
    """Return the whole table in its order, for whoever audits it."""
    return list(ACTIONS.items())
