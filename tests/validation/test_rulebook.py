"""The README tells statisticians all rules, as they are."""

from pathlib import Path

import hometrial_validation
from hometrial_validation.frame import Settings
from hometrial_validation.rulebook import markdown, rules
from hometrial_validation.suites import FORM, SUITES

README = Path(hometrial_validation.__file__).with_name("README.md").read_text("utf-8")


def test_the_table_of_the_readme_is_that_of_the_rules():
    assert markdown() in README


def test_every_rule_of_every_suite_is_listed_with_its_version():
    listed = [(rule.suite, rule.version, rule.id) for rule in rules()]
    assert listed == [
        (suite.name, suite.version, rule.id)
        for suite in (*SUITES.values(), FORM)
        for rule in suite.rules
    ]
    assert all(rule.text.endswith(".") for rule in rules())


def test_every_setting_is_in_the_readme():
    for name in Settings.__dataclass_fields__:
        assert f"`{name}`" in README
