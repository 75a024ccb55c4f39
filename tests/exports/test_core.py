"""CDISC's own rules and terms, held against what the twin of a protocol is tabulated as (docs/core.md)."""

import re
from pathlib import Path

import judged
import pytest
from judged import Finding
from twins import twin

PROTOCOL = "ldn-crohns"
"""The quickest of the four; `python tests/torture/run.py core` judges them all, with every day of theirs."""
DOCUMENT = judged.ROOT / "docs" / "core.md"


@pytest.fixture(scope="module")
def tabulated(tmp_path_factory):
    why_not = judged.missing()
    if why_not:
        pytest.skip(why_not)
    return judged.written(judged.trimmed(twin(PROTOCOL)), tmp_path_factory.mktemp("core"))


def test_no_rule_of_cdisc_finds_what_is_not_explained(tabulated):
    folder, _ = tabulated
    found = judged.by_rules(folder)
    assert not found, "\n".join(map(str, found[:20]))


def test_every_term_is_cdisc_s_or_the_sponsor_s_where_the_list_is_open(tabulated):
    folder, made = tabulated
    found = judged.by_terms(folder, made)
    assert not found, "\n".join(found)


def test_every_rule_that_is_let_off_is_explained_in_the_document():
    code = Path(judged.__file__).read_text(encoding="utf-8")
    let_off = set(re.findall(r"CORE-\d{6}", code))
    explained = set(re.findall(r"CORE-\d{6}", DOCUMENT.read_text(encoding="utf-8")))
    assert let_off
    assert let_off <= explained


def test_only_the_case_that_is_explained_is_let_off():
    fired = Finding("CORE-000192", "", "DM", {"ARMNRS": "SCREEN FAILURE"}, "A-1")
    assert not judged.is_explained(fired)
    assert not judged.is_explained(Finding("CORE-000238", "", "DM", {}, "A-1"))
