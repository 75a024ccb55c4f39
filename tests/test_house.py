"""The house itself: what no single module can promise, but all together must."""

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest

from hometrial.cli import _commands
from hometrial.settings import Settings
from hometrial_ingest.readers import READERS
from hometrial_ingest.signals import SIGNALS, Shape, Signal
from hometrial_validation.suites import suite_of
from hometrial_validation.suites.what import PHYSICS

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "platform": "hometrial",
    "ingest": "hometrial_ingest",
    "validation": "hometrial_validation",
}
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
LONGEST = 300
FORBIDDEN = {"utils", "helpers", "common", "base", "manager", "misc", "core", "lib", "constants"}
CLOCKS = {"now", "utcnow", "today"}


def leaves(group=_commands, path=()):
    """Return every command that does something, with the words that call it."""
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(leaves())


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_holds_its_package_and_is_none_itself(room):
    assert not (ROOT / room / "__init__.py").exists()
    assert (ROOT / room / ROOMS[room] / "__init__.py").exists()


def test_no_folder_of_tests_hides_a_module_of_the_standard_library():
    assert not (ROOT / "tests" / "platform").exists()


def test_no_source_file_is_too_long_to_read_at_once():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert long == {}


def test_no_module_is_named_for_nothing():
    assert [path for path in SOURCES if {*path.parts, path.stem} & FORBIDDEN] == []


def test_only_the_clock_reads_the_time():
    readers = {path.name for path in SOURCES if _reads_the_time(path)}
    assert readers == {"clock.py"}


def _reads_the_time(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in CLOCKS
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
        for node in ast.walk(tree)
    )


EVERY_COMMAND = (
    "hometrial.cli; [hometrial.cli._commands.get_command(None, n) for n in hometrial.cli._WHERE]"
)


@pytest.mark.parametrize("module", [EVERY_COMMAND, "hometrial.staff"])
def test_starting_does_not_load_great_expectations(module):
    program = f"import sys, {module}; print([m for m in sys.modules if m == 'great_expectations'])"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert answer.stdout == "[]\n"


@pytest.mark.parametrize("signal", Signal)
def test_every_signal_has_a_unit_a_range_and_a_suite_that_checks_it(signal):
    spec = SIGNALS[signal]
    assert spec.unit
    assert spec.label
    rules = {rule.id for rule in suite_of(signal).rules_of(signal)}
    assert "not_in_the_future" in rules
    if spec.shape is not Shape.STAGE:
        assert spec.low < spec.high
        assert PHYSICS[0].id in rules


def test_a_command_loads_nothing_of_the_others():
    program = "import sys, hometrial.cli as c; c._commands.get_command(None, 'participant'); print({'altair', 'fpdf', 'hometrial.staff'} & {*sys.modules})"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert answer.stdout == "set()\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_shows_an_example(name):
    text = COMMANDS[name].help
    assert "Example:" in text
    assert f"hometrial {name}" in text.partition("Example:")[2]
    assert len(text.splitlines()[0]) <= 100


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name):
    parent, _, last = name.rpartition(" ")
    assert f"hometrial {name}" in README or f"`{parent} {last}`" in README


@pytest.mark.parametrize("provider", READERS)
def test_every_reader_is_in_the_readme_and_has_a_page_of_its_own(provider):
    page = f"ingest/hometrial_ingest/readers/{provider.replace('-', '_')}/README.md"
    assert page in README
    assert (ROOT / page).exists()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_readme(name):
    assert f"HOMETRIAL_{name.upper()}" in README


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel and return the names of the files in it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
        capture_output=True,
        timeout=120,
        check=True,
    )
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_everything_that_is_no_python(wheel):
    needed = {
        str(path.relative_to(ROOT / room))
        for room, package in ROOMS.items()
        for path in (ROOT / room / package).rglob("*")
        if path.suffix
        in {".html", ".css", ".js", ".sql", ".svg", ".json", ".typed", ".yaml", ".md"}
    }
    assert any(name.endswith(".html") for name in needed)
    assert needed <= wheel


def test_the_wheel_holds_the_migrations(wheel):
    migrations = {
        f"hometrial/_migrations/{path.relative_to(ROOT / 'migrations')}"
        for pattern in ("*.py", "*.sql")
        for path in (ROOT / "migrations").rglob(pattern)
    }
    assert len(migrations) >= 3
    assert migrations <= wheel


def test_the_wheel_holds_every_module_and_no_test(wheel):
    modules = {str(path.relative_to(ROOT / path.relative_to(ROOT).parts[0])) for path in SOURCES}
    assert modules <= wheel
    assert not [name for name in wheel if name.startswith("tests/")]
