"""Whether a protocol can be run: all its checks, and all that they find at once."""

from collections.abc import Callable, Iterator

from hometrial.protocol.checks import design, doses, judged, references, rules, schedule, supplies
from hometrial.protocol.checks.fault import Fault, Known
from hometrial.protocol.model import Protocol

Check = Callable[[Protocol, Known], Iterator[Fault]]

REFERENCES: tuple[Check, ...] = (
    references.ids_given_once,
    references.rules_of_doses_named_once,
    references.arms_resolve,
    references.forms_resolve,
    references.instruments_are_known,
    references.scores_are_known,
    design.allocation_fits_the_arms,
    design.allocation_resolves,
    design.epochs_are_sound,
    design.epochs_are_contiguous,
    judged.endpoints_resolve,
    rules.rules_ask_what_can_be_answered,
)
"""Checks of what stands there; the others lay the plan out in days, and need it sound."""

PLANS: tuple[Check, ...] = (
    rules.variables_are_used,
    design.strata_can_be_filled,
    design.arms_start_when_they_say,
    design.anchors_happen,
    design.sessions_fit_the_window,
    doses.steps_ascend,
    doses.sensitive_steps_are_below,
    doses.limits_are_kept,
    doses.doses_are_multiples_of_the_resolution,
    doses.doses_can_be_made,
    doses.splits_are_whole,
    doses.drug_lasts_for_the_steps,
    supplies.every_gap_has_a_way_back,
    supplies.reasons_and_running_out,
    schedule.visits_lie_within_the_trial,
    schedule.windows_do_not_overlap,
    schedule.diaries_close_before_the_next,
    schedule.burden_is_within_the_budget,
    judged.endpoints_have_what_they_compare,
    judged.endpoints_are_measured,
    judged.documents_cover_every_element,
    judged.key_information_comes_first,
    judged.documents_are_given_once,
)


def faults(protocol: Protocol, known: Known) -> tuple[Fault, ...]:
    """Return everything that keeps a protocol from being run, in the order of the checks."""
    found = [fault for check in REFERENCES for fault in check(protocol, known)]
    if not found:
        found = [fault for check in PLANS for fault in check(protocol, known)]
    return tuple(found)
