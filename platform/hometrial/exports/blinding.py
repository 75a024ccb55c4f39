"""What a blinded folder does not tell beside its unblinding columns, and what it cannot hide.

Days that only one arm has tell the arm, whatever else is left out: then the folder says so itself.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.source.reading import Source
from hometrial.protocol.model import Protocol
from hometrial.questionnaires.instrument import Instrument, NumberItem

_AMOUNTS = frozenset({"mg", "ug", "mL"})
"""Units in which a form asks how much of the drug was taken."""
ANY = "1"
"""Stands for any amount."""


def without_doses(items: pa.Table, instruments: pa.Table) -> pa.Table:
    """Give each answer that is an amount of the drug as 1; `items`, `instruments`: source tables of these names."""
    asked = sorted(
        {
            f"{instrument}/{item.id}"
            for instrument, body in zip(
                instruments["instrument"].to_pylist(), instruments["body"].to_pylist(), strict=True
            )
            for item in Instrument.model_validate_json(body).items
            if isinstance(item, NumberItem) and item.unit in _AMOUNTS
        }
    )
    named = pc.binary_join_element_wise(items["instrument"], items["item"], "/")
    amounts = pc.and_(
        pc.is_in(named, pa.array(asked, pa.string())),
        pc.greater(pc.fill_null(items["number"], 0.0), 0.0),
    )
    for name, instead in (("value", ANY), ("shown", ANY), ("number", float(ANY))):
        place = items.schema.get_field_index(name)
        column = pc.if_else(amounts, instead, items[name])
        items = items.set_column(place, items.schema.field(place), column)
    return items


def remarks(source: Source) -> tuple[str, ...]:
    """Return, in sentences, what of the protocol in force tells people's arms in a blinded folder."""
    found = [each for protocol in source.protocols for each in _told(protocol)]
    if not found:
        return ()
    return (f"THE DAYS TELL THE ARM in this protocol: {'; '.join(found)}.",)


def _told(protocol: Protocol) -> Iterator[str]:
    if len(protocol.arms) < 2:
        return
    for each in protocol.epochs:
        if each.arms:
            yield f"the epoch {each.id} is of {', '.join(sorted(each.arms))} alone"
    for visit in protocol.visits:
        if visit.arms:
            yield f"the visit {visit.id} is of {', '.join(sorted(visit.arms))} alone"
    if len({each.start_offset_weeks for each in protocol.arms}) > 1:
        yield "the arms start the drug at different times"
    if len({each.titration for each in protocol.arms}) > 1:
        yield "the arms raise the dose by different plans, and the days of orders stay"
