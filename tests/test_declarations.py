"""A declaration that cannot be used says where, what stands there, and what would do."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

import hometrial
from hometrial import declarations
from hometrial.declarations import DeclarationError, read


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Visit(_Strict):
    kind: Literal["visit"]
    day: int


class Diary(_Strict):
    kind: Literal["diary"]
    minutes: float = Field(gt=0)


class Plan(_Strict):
    name: str
    steps: list[Annotated[Visit | Diary, Field(discriminator="kind")]] = []


def refused(text: str) -> tuple[str, ...]:
    with pytest.raises(DeclarationError) as caught:
        read(text, "plan.yaml", Plan)
    return caught.value.faults


def test_a_sound_declaration_is_read_and_yes_is_a_word():
    plan = read("name: yes\nsteps:\n  - {kind: diary, minutes: 1.5}\n", "plan.yaml", Plan)
    assert plan == Plan(name="yes", steps=[Diary(kind="diary", minutes=1.5)])


def test_every_fault_is_told_with_its_line_its_field_and_what_stands_there():
    text = "name: x\nsteps:\n  - kind: visit\n    day: three\n  - {kind: diary, minutes: -1}\n"
    first, second = refused(text)
    assert first.startswith("plan.yaml, line 4: steps[0].day:")
    assert first.endswith("(it says 'three')")
    assert (
        second == "plan.yaml, line 5: steps[1].minutes: Input should be greater than 0 (it says -1)"
    )


def test_an_unknown_field_and_a_missing_one_are_named():
    assert refused("nome: x\n") == (
        "plan.yaml, line 1: name: Field required",
        "plan.yaml, line 1: nome: Extra inputs are not permitted (it says 'x')",
    )


def test_a_field_that_is_declared_twice_is_refused():
    (fault,) = refused("name: x\nname: y\n")
    assert fault.startswith('plan.yaml, line 2: this is no YAML: found duplicate key "name"')


@pytest.mark.parametrize("text", ["name: [", "\tname: x", "name: !!python/object:os.system x"])
def test_what_is_no_plain_yaml_is_refused_and_never_run(text):
    assert refused(text)[0].startswith("plan.yaml, line 1: ")


def test_a_document_of_another_kind_is_refused():
    assert refused("- 1\n")[0].startswith("plan.yaml, line 1: Input should be a valid dictionary")
    assert refused("")[0].startswith("plan.yaml, line 1: Input should be a valid dictionary")


@pytest.mark.parametrize(
    "scalar",
    [
        "yes", "no", "on", "off", "0o14", "012", "1_000", "1:30", "~", "2026-01-01", "1e3", "1.", ".5", "0x1F", "TRUE",
        "y", "0b11", "12e03", ".inf", "'a'", "[1, {a: b}]", "08", "007", "1:30:20", "|\n  x\n", "null",
    ],
)  # fmt: skip
def test_the_parser_in_c_reads_what_the_one_with_lines_reads(scalar):
    text = f"value: {scalar}"
    quick = YAML(typ="safe", pure=False).load(text)
    assert repr(quick) == repr(declarations._plain(declarations._parsed(text, "x")))


def test_every_shipped_file_is_read_the_same_by_both_parsers():
    files = sorted(Path(hometrial.__file__).parent.rglob("*.yaml"))
    assert len(files) > 50
    for file in files:
        text = file.read_text("utf-8")
        quick = YAML(typ="safe", pure=False).load(text)
        assert quick == declarations._plain(declarations._parsed(text, file.name)), file.name
