"""CDISC's own rules and terms, held against what the twin of a protocol is tabulated as (docs/core.md)."""

import re
from pathlib import Path

import judged
import pytest
from judged import Finding
from twins import twin

from hometrial.exports.sdtm import foreseen as foreseeing
from hometrial.exports.sdtm.foreseen import Foreseen, foreseen

pytestmark = pytest.mark.long

PROTOCOL = "ldn-crohns"
"""The quickest of the four; `python tests/torture/run.py core` judges them all, with every day of theirs."""
DOCUMENT = judged.ROOT / "docs" / "core.md"


@pytest.fixture(scope="module")
def tabulated(tmp_path_factory):
    why_not = judged.missing()
    if why_not:
        pytest.skip(why_not)
    return judged.written(judged.trimmed(twin(PROTOCOL)), tmp_path_factory.mktemp("core"))


def test_no_rule_of_cdisc_finds_what_the_folder_does_not_foresee(tabulated):
    folder, made = tabulated
    found = judged.surprises(judged.by_rules(folder), foreseen(made))
    assert not found, "\n".join(found[:20])


def test_every_term_is_cdisc_s_or_the_sponsor_s_where_the_list_is_open(tabulated):
    folder, made = tabulated
    found = judged.by_terms(folder, made)
    assert not found, "\n".join(found)


def test_every_rule_that_is_foreseen_is_explained_in_the_document():
    code = Path(foreseeing.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r"CORE-\d{6}", code))
    explained = set(re.findall(r"CORE-\d{6}", DOCUMENT.read_text(encoding="utf-8")))
    assert named
    assert named <= explained


def test_a_finding_too_many_and_one_too_few_are_both_surprises():
    told = [Foreseen("CORE-000192", "DM", "", "", ("A-1", "A-2"))]
    fired = [Finding("CORE-000192", "", "DM", {}, who) for who in ("A-1", "A-1", "A-3")]
    assert judged.surprises([*fired[:1], Finding("CORE-000192", "", "DM", {}, "A-2")], told) == []
    assert [each.split()[2].strip(":") for each in judged.surprises(fired, told)[:2]] == [
        "A-1",
        "A-3",
    ]
    assert judged.surprises(fired, told)[2:] == ["foreseen, and not found: CORE-000192 DM A-2"]
