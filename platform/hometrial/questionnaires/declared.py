"""What every part of an instrument's declaration shares."""

from typing import Annotated

from pydantic import StringConstraints

from hometrial.declarations import Declaration, Language, Several, Version

__all__ = ["Declaration", "Id", "Language", "Line", "Period", "Several", "Text", "Version"]

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
Line = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$")]
Period = Annotated[str, StringConstraints(pattern=r"^(P\d+[DWMY]|PT\d+H)$")]
Text = dict[Language, Line]
