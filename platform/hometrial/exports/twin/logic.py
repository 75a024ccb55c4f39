"""What a questionnaire shows after answers, and what they come to: worked out once for the same answers."""

from dataclasses import dataclass, field
from functools import cached_property

from hometrial.questionnaires.answers import Answer, take, visible
from hometrial.questionnaires.instrument import Instrument
from hometrial.questionnaires.scoring import Scored, score
from hometrial.rules import names, parse

Answers = dict[str, Answer]
_Key = tuple[tuple[str, Answer], ...]


@dataclass(frozen=True)
class Logic:
    """One questionnaire, and what was worked out of it."""

    instrument: Instrument
    _asked: dict[_Key, frozenset[str]] = field(default_factory=dict, repr=False)
    _scored: dict[_Key, Scored] = field(default_factory=dict, repr=False)

    @cached_property
    def _gates(self) -> tuple[str, ...]:
        """The items on which it depends what is shown."""
        conditions = [parse(each.show_if) for each in self.instrument.items if each.show_if]
        return tuple(sorted({name for each in conditions for name in names(each)}))

    def asked(self, answers: Answers) -> frozenset[str]:
        """Return the items that are shown after these answers."""
        gates = {name: answers[name] for name in self._gates if name in answers}
        key = tuple(gates.items())
        if key not in self._asked:
            shown = take(self.instrument, visible(self.instrument, gates)).asked
            self._asked[key] = frozenset(shown)
        return self._asked[key]

    def scored(self, answers: Answers) -> Scored:
        """Return the scores of answers. Raises ScoringError for one that is not possible."""
        key = tuple(answers.items())
        if key not in self._scored:
            self._scored[key] = score(self.instrument, answers)
        return self._scored[key]
