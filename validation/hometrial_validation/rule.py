"""What a rule and a suite are: data, readable without Great Expectations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic

import pandas as pd
from typing_extensions import TypeVar

from hometrial_ingest.signals import Signal
from hometrial_validation.frame import Context, Settings
from hometrial_validation.verdict import Severity
from hometrial_validation.wording import Row

Subject = TypeVar("Subject", bound=StrEnum, default=Signal)
"""What a frame tells of: a signal, or a kind of form."""
Limits = Callable[[Subject, Context], Mapping[str, Any]]
Sentence = Callable[[Row, Subject, Settings], str]
Preparation = Callable[[pd.DataFrame, Context], pd.DataFrame]


def _none(_subject: StrEnum, _context: Context) -> Mapping[str, Any]:
    return {}


def _always(_subject: StrEnum) -> bool:
    return True


@dataclass(frozen=True)
class Rule(Generic[Subject]):
    """One rule: what it is called, what a failure does, and how it is asked and explained.

    `text` says in a sentence what holds for a good row. `expectation` is the name of a class of
    `hometrial_validation.expectations`, `limits` its arguments. `columns` are shown with a failing
    row, and `sentence` makes of them the reason why that row fails. `applies` says to which signals.
    """

    id: str
    severity: Severity
    text: str
    expectation: str
    columns: tuple[str, ...]
    sentence: Sentence[Subject]
    limits: Limits[Subject] = _none
    applies: Callable[[Subject], bool] = _always


@dataclass(frozen=True)
class Suite(Generic[Subject]):
    """The rules for one kind of frame, in the order in which they are blamed.

    `version` is raised when a rule is added, removed or changed. `preparations` add the columns that
    the rules compare, such as the end of the sample before.
    """

    name: str
    version: int
    rules: tuple[Rule[Subject], ...]
    preparations: tuple[Preparation, ...] = ()

    def rules_of(self, subject: Subject) -> tuple[Rule[Subject], ...]:
        """Return the rules that apply to a subject."""
        return tuple(rule for rule in self.rules if rule.applies(subject))

    def prepared(self, frame: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Return the frame with the columns that this suite derives."""
        for preparation in self.preparations:
            frame = preparation(frame, context)
        return frame
