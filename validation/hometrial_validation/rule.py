"""What a rule and a suite are: data, readable without Great Expectations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hometrial_ingest.signals import Signal
from hometrial_validation.frame import Context, Settings
from hometrial_validation.verdict import Severity
from hometrial_validation.wording import Row

Limits = Callable[[Signal, Context], Mapping[str, Any]]
Sentence = Callable[[Row, Signal, Settings], str]
Preparation = Callable[[pd.DataFrame, Context], pd.DataFrame]


def _none(_signal: Signal, _context: Context) -> Mapping[str, Any]:
    return {}


def _always(_signal: Signal) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
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
    sentence: Sentence
    limits: Limits = _none
    applies: Callable[[Signal], bool] = _always


@dataclass(frozen=True)
class Suite:
    """The rules for one kind of frame, in the order in which they are blamed.

    `version` is raised when a rule is added, removed or changed. `preparations` add the columns that
    the rules compare, such as the end of the sample before.
    """

    name: str
    version: int
    rules: tuple[Rule, ...]
    preparations: tuple[Preparation, ...] = ()

    def rules_of(self, signal: Signal) -> tuple[Rule, ...]:
        """Return the rules that apply to a signal."""
        return tuple(rule for rule in self.rules if rule.applies(signal))

    def prepared(self, frame: pd.DataFrame, context: Context) -> pd.DataFrame:
        """Return the frame with the columns that this suite derives."""
        for preparation in self.preparations:
            frame = preparation(frame, context)
        return frame
