"""What every part of an instrument's declaration shares: strict, frozen, no field unknown."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Strict, StringConstraints

Each = TypeVar("Each")
Several = Annotated[tuple[Each, ...], Strict(strict=False)]

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
Line = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$")]
Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Period = Annotated[str, StringConstraints(pattern=r"^(P\d+[DWMY]|PT\d+H)$")]
Text = dict[Language, Line]


class Declaration(BaseModel):
    """A part of a declaration: what it does not know, or what has another type, it refuses."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
