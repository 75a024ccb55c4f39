"""A fault of a declaration: where it is, what is wrong, what stands there."""

from dataclasses import dataclass

from hometrial.questionnaires.slots import Place


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not fit: its place as a path of fields, one sentence, the value found."""

    place: Place
    said: str
    value: object
