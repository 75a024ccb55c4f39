"""How answers become scores, as declared: a closed list of operations and of rules for blanks.

An operation's inputs are items or scores declared before it. A choice counts as the value of its option.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from hometrial.questionnaires.declared import Declaration, Id, Line, Several

Direction = Literal["higher_better", "higher_worse"]
Names = Annotated[Several[Id], Field(min_length=1)]
Table = Annotated[dict[int, float], Field(min_length=1)]
Method = Literal[
    "none", "require_all", "prorate_mean", "answered_mean", "person_mean_impute", "min_fraction"
]
LIMITED = ("prorate_mean", "person_mean_impute", "min_fraction")


class Missing(Declaration):
    """What blanks do to a score.

    none: what is answered counts as it is. require_all: one blank and there is no score. answered_mean: the
    mean of what is answered (RAND's rule; flagged below half). The other three need one limit (`max_missing`,
    `min_answered` or `min_fraction`): prorate_mean and person_mean_impute put the person's own mean in a
    blank's place and say so, min_fraction takes the mean of what is answered.
    `must` names inputs without which there is never a score; `blank_as` gives a blank input a value.
    """

    method: Method
    max_missing: PositiveInt | None = None
    min_answered: PositiveInt | None = None
    min_fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    must: Several[Id] = ()
    blank_as: dict[Id, float] = Field(default={})

    @model_validator(mode="after")
    def _has_its_limit(self) -> Self:
        limits = [self.max_missing, self.min_answered, self.min_fraction]
        given = sum(limit is not None for limit in limits)
        wanted = 1 if self.method in LIMITED else 0
        if given != wanted:
            raise ValueError(
                f"{self.method} takes {wanted} of max_missing, min_answered, min_fraction, not {given}"
            )
        return self


class _Ladder(Declaration):
    """One step of a ladder: reached by what is below `below`, or at most `at_most`; the last has neither."""

    below: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _has_one_end(self) -> Self:
        if self.below is not None and self.at_most is not None:
            raise ValueError("give below or at_most, not both")
        return self


class Step(_Ladder):
    """A step and the value that it gives."""

    value: float


class Band(_Ladder):
    """A named stretch of a score, such as mild; no value falls between two of them."""

    name: Id


class ImportantDifference(Declaration):
    """The smallest change that matters to people, with whom it was found; K: known, V: seen in its source."""

    value: PositiveFloat
    kind: Literal["abs", "pct"]
    population: Line
    source: Line | None = None
    confidence: Literal["K", "V", "placeholder"]


class RecodeItems(Declaration):
    """Of these items each answer counts as the table says."""

    op: Literal["recode"]
    items: Names
    table: Table


class ReverseItems(Declaration):
    """Of these items low and high change places: low + high - x."""

    op: Literal["reverse"]
    items: Names
    low: float
    high: float


class RescaleItems(Declaration):
    """Of these items low counts 0 and high 100: 100 (x - low) / (high - low)."""

    op: Literal["scale_0_100"]
    items: Names
    low: float
    high: float


Recoding = Annotated[
    Several[Annotated[RecodeItems | ReverseItems | RescaleItems, Field(discriminator="op")]],
    Field(min_length=1),
]


class _Score(Declaration):
    """What any score says of itself; a score without a direction is a part of others."""

    id: Id
    label: Line
    direction: Direction | None = None
    range: Annotated[Several[float], Field(min_length=2, max_length=2)] | None = None
    unit: Line | None = None
    bands: Several[Band] = ()
    mcid: ImportantDifference | None = None
    note: Line | None = None


class Sum(_Score):
    """The sum of its inputs, divided by `divide_by`."""

    op: Literal["sum"]
    items: Names
    recoding: Id | None = None
    divide_by: PositiveFloat = 1.0
    missing: Missing


class Mean(_Score):
    """The mean of its inputs."""

    op: Literal["mean"]
    items: Names
    recoding: Id | None = None
    missing: Missing


class MeanOfScores(_Score):
    """The mean of scores declared before."""

    op: Literal["mean_of_scores"]
    scores: Names
    missing: Missing


class Max(_Score):
    """The greatest of its inputs."""

    op: Literal["max"]
    items: Names
    recoding: Id | None = None
    missing: Missing


class CountAtLeast(_Score):
    """How many inputs reach the threshold; or, with `groups`, in how many groups every input does."""

    op: Literal["count_ge"]
    items: Several[Id] = ()
    groups: Several[Names] = ()
    threshold: float
    recoding: Id | None = None
    missing: Missing

    @model_validator(mode="after")
    def _counts_one_kind(self) -> Self:
        if bool(self.items) == bool(self.groups):
            raise ValueError("count_ge takes items or groups, one of the two")
        return self


class WeightedSum(_Score):
    """`constant` + the sum of weight x input; every input is needed."""

    op: Literal["weighted_sum"]
    weights: Annotated[dict[Id, float], Field(min_length=1)]
    constant: float = 0.0
    recoding: Id | None = None


class Recode(_Score):
    """One input, counted as the table says."""

    op: Literal["recode"]
    of: Id
    table: Table


class Reverse(_Score):
    """One input, turned round: low + high - x."""

    op: Literal["reverse"]
    of: Id
    low: float
    high: float


class Rescale(_Score):
    """One input on 0-100: 100 (x - low) / (high - low)."""

    op: Literal["scale_0_100"]
    of: Id
    low: float
    high: float


class Lookup(_Score):
    """One input, looked up on a ladder of `steps`, or in a table that the text pack holds."""

    op: Literal["lookup"]
    of: Id
    steps: Several[Step] = ()
    pack_table: Id | None = None

    @model_validator(mode="after")
    def _looks_in_one_place(self) -> Self:
        if bool(self.steps) == bool(self.pack_table):
            raise ValueError("lookup takes steps or pack_table, one of the two")
        return self


class CompositeTable(_Score):
    """The composite grade 0-3 of one symptom's frequency, severity and interference (Basch 2021)."""

    op: Literal["composite_table"]
    table: Literal["pro_ctcae_v1"]
    frequency: Id | None = None
    severity: Id | None = None
    interference: Id | None = None


class NamedFunction(_Score):
    """A function of this program by its name and version; its inputs and settings by their names."""

    op: Literal["func"]
    func: Literal["cdai_haematocrit_v1", "cdai_weight_v1", "sleep_efficiency_v1"]
    inputs: Annotated[dict[Id, Id], Field(min_length=1)]
    settings: dict[Id, float | Id] = Field(default={})


AnyScore = Annotated[
    Sum
    | Mean
    | MeanOfScores
    | Max
    | CountAtLeast
    | WeightedSum
    | Recode
    | Reverse
    | Rescale
    | Lookup
    | CompositeTable
    | NamedFunction,
    Field(discriminator="op"),
]


def inputs_of(score: AnyScore) -> tuple[str, ...]:
    """Return the items and scores that a score is made of, each as often as it is named."""
    match score:
        case MeanOfScores():
            return score.scores
        case CountAtLeast():
            return (*score.items, *(name for group in score.groups for name in group))
        case Sum() | Mean() | Max():
            return score.items
        case WeightedSum():
            return tuple(score.weights)
        case NamedFunction():
            return tuple(score.inputs.values())
        case _:
            return _inputs_of_one(score)


def _inputs_of_one(score: Recode | Reverse | Rescale | Lookup | CompositeTable) -> tuple[str, ...]:
    if not isinstance(score, CompositeTable):
        return (score.of,)
    attributes = (score.frequency, score.severity, score.interference)
    return tuple(name for name in attributes if name is not None)
