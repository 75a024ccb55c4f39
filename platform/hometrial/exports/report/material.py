"""What a report is made of: the data sets of a lock as frames, and what the lock says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import pandas as pd

from hometrial.exports import publishing
from hometrial.exports.adam import standard as analysis
from hometrial.exports.adam.data_sets import analyse
from hometrial.exports.estimates.change import SEED
from hometrial.exports.estimates.models import FEWEST
from hometrial.exports.sdtm import standard as tabulation
from hometrial.exports.sdtm import subjects
from hometrial.exports.sdtm.assembling import Made
from hometrial.exports.sdtm.domains import tabulate
from hometrial.exports.source.reading import Source
from hometrial.protocol.model import Protocol

Frame = pd.DataFrame
Row = dict[str, Any]


def records(frame: Frame) -> list[Row]:
    """Return the rows of a frame as dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


FILLED = {"text": "", "integer": None, "float": None, "date": None, "datetime": None}


@dataclass(frozen=True)
class Standing:
    """What is known of where the data come from. `kind`: lock, draft or twin; `signers` who signed a lock."""

    kind: str
    name: str
    cut: datetime
    code: str
    root: str = ""
    lock_kind: str = ""
    signers: tuple[str, ...] = ()
    is_public: bool = False
    """Whether the data left by the public profile: then its report tells of no small cell and no single person."""

    @property
    def shown(self) -> datetime:
        """The data cut as far as it is told: to the public the first moment of its quarter, as their folder has it."""
        return publishing.quarter(self.cut) if self.is_public else self.cut

    @property
    def cut_in_words(self) -> str:
        """The data cut in words."""
        if self.is_public:
            return f"in the quarter of the year that begins on {self.shown:%Y-%m-%d}"
        return f"{self.cut:%Y-%m-%d %H:%M} UTC"

    @property
    def mark(self) -> str:
        """One word or two that stand on every page: FINAL only for a final lock that two people signed."""
        if self.kind != "lock":
            return {"twin": "TWIN: NOBODY IN IT IS REAL", "draft": "DRAFT"}[self.kind]
        if len(self.signers) < _SIGNERS:
            return f"{self.lock_kind.upper()}, NOT SIGNED"
        return self.lock_kind.upper()


_SIGNERS = 2


@dataclass(frozen=True)
class Material:
    """Source tables, tabulations and analysis data sets of one moment."""

    source: Source
    tabulations: Mapping[str, Made]
    analyses: Mapping[str, Made]
    standing: Standing
    seed: int = SEED
    is_pooled: bool = False
    """Whether nothing may be told by arm: then all arms stand together."""
    _frames: dict[str, Frame] = field(default_factory=dict, compare=False, repr=False)

    @property
    def protocol(self) -> Protocol:
        """The protocol in force."""
        return self.source.protocol

    def frame(self, name: str) -> Frame:
        """Return a data set with every variable that it may have. It is shared: do not change it."""
        if name not in self._frames:
            self._frames[name] = self._read(name)
        return self._frames[name]

    def _read(self, name: str) -> Frame:
        is_analysis = name in analysis.names()
        columns = (analysis.data_set(name) if is_analysis else tabulation.domain(name)).columns
        made = (self.analyses if is_analysis else self.tabulations).get(name)
        found: Frame = Frame() if made is None else made.table.to_pandas()
        missing = {
            each.name: pd.Series([FILLED[each.kind]] * len(found), index=found.index, dtype=_TYPES[each.kind])
            for each in columns
            if each.name not in found
        }  # fmt: skip
        return pd.concat([found, Frame(missing, index=found.index)], axis=1)

    @cached_property
    def people(self) -> Frame:
        """ADSL by pseudonym."""
        return self.frame("ADSL").set_index("SUBJID", drop=False).sort_index()

    @cached_property
    def persons(self) -> dict[str, Row]:
        """Each person's row of ADSL by pseudonym."""
        return {str(row["SUBJID"]): row for row in records(self.people)}

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Why somebody who was asked is no subject of the data sets, by pseudonym."""
        return subjects.left_out(self.source)

    def population(self, name: str) -> list[str]:
        """Return the pseudonyms of a population, in order."""
        people = self.people
        return list(people.index[people[FLAGS[name]] == "Y"])

    @cached_property
    def arms(self) -> tuple[str, ...]:
        """The labels of the arms in the protocol's order; one for a trial without arms to compare."""
        return tuple(each.label for each in self.protocol.arms)

    @property
    def least(self) -> int:
        """From how many people on a model is fitted and an interval printed: the protocol's number, and never below ten."""
        return max(FEWEST, self.protocol.analysis.model_from_people)

    @property
    def is_randomised(self) -> bool:
        """Whether people were allocated to arms."""
        return len(self.arms) > 1

    @property
    def shows_arms(self) -> bool:
        """Whether people are told apart by arm."""
        return self.is_randomised and not self.is_pooled

    def lineage(self, name: str) -> dict[int, list[str]]:
        """Return for each row of an analysis data set, from 1, the source records it was made of."""
        made = self.analyses.get(name)
        found: dict[int, list[str]] = {}
        for row in made.lineage.to_pylist() if made else ():
            found.setdefault(row["row"], []).append(row["source"])
        return found


_TYPES = {
    "text": "str", "integer": "float64", "float": "float64", "date": "object", "datetime": "object",
}  # fmt: skip
FLAGS = {"ENR": "ENRLFL", "FAS": "FASFL", "PP": "PPROTFL", "SAF": "SAFFL"}


def material(source: Source, standing: Standing) -> Material:
    """Make tabulations and analysis data sets of source tables."""
    tabulations = tabulate(source)
    return Material(source, tabulations, analyse(source, tabulations), standing)
