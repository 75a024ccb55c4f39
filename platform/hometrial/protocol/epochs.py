"""The epochs that one person was in by a day: each until the next begins, so that every day belongs to one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from hometrial.protocol.calendar import Anchors, EpochSpan, epoch_spans
from hometrial.protocol.model import Protocol


@dataclass(frozen=True)
class EpochLived:
    """An epoch that a person was in, both days included; no last day: they are in it still."""

    epoch: str
    first: date
    last: date | None

    def __contains__(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


def epochs_lived(
    protocol: Protocol, arm: str | None, anchors: Anchors, today: date
) -> tuple[EpochLived, ...]:
    """Return the epochs that had begun by a day, in time, without gap or overlap.

    Days between the end of an epoch and the beginning of the next belong to the earlier one. The newest ends with
    its anchor, with withdrawal, or, where the protocol names no anchor for it, after its longest time; of somebody
    who has no arm yet they are those that every arm has. Raises UnknownArmError.
    """
    spans = sorted(
        (each for each in _spans(protocol, arm, anchors) if each.days.first <= today),
        key=lambda each: each.days.first,
    )
    found = [
        EpochLived(each.epoch, each.days.first, after.days.first - timedelta(1))
        for each, after in pairwise(spans)
        if each.days.first < after.days.first
    ]
    return (*found, *(_newest(protocol, each, anchors, today) for each in spans[-1:]))


def _spans(protocol: Protocol, arm: str | None, anchors: Anchors) -> Sequence[EpochSpan]:
    spans = epoch_spans(protocol, arm or protocol.arms[0].id, anchors)
    shared = {each.id for each in protocol.epochs if arm or not each.arms}
    return [each for each in spans if each.epoch in shared]


def _newest(protocol: Protocol, span: EpochSpan, anchors: Anchors, today: date) -> EpochLived:
    (declared,) = (each for each in protocol.epochs if each.id == span.epoch)
    is_ended = declared.ends is None or declared.ends in anchors or "withdrawal" in anchors
    is_over = is_ended and span.days.last < today
    return EpochLived(span.epoch, span.days.first, span.days.last if is_over else None)
