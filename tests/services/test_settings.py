"""Settings come from the environment; a wrong one is named, and unsafe keys are refused."""

import os

import pytest

from hometrial import settings
from hometrial.errors import SettingsError
from hometrial.settings import Settings


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("HOMETRIAL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOMETRIAL_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HOMETRIAL_DATABASE_URL", "mysql://host/trial", "must start with postgresql://"),
        ("HOMETRIAL_DATABASE_URL", "", "must start with postgresql://"),
        ("HOMETRIAL_ACTOR", "  ", "needs a name"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        settings.load()

    assert str(caught.value).startswith(f"{name}={value!r}")
    assert said in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://me@host/trial", "postgres://host/trial"])
def test_a_postgresql_address_is_taken(monkeypatch, url):
    monkeypatch.setenv("HOMETRIAL_DATABASE_URL", url)

    assert settings.load().database_url == url


def test_the_home_is_absolute_whatever_was_written(monkeypatch):
    monkeypatch.setenv("HOMETRIAL_HOME", "~/trial/../study")

    home = settings.load().home
    assert home.is_absolute()
    assert ".." not in home.parts
    assert home.name == "study"


def test_settings_do_not_change_after_they_are_read():
    with pytest.raises(ValueError, match="frozen"):
        settings.load().actor = "bob"


def test_who_acts_is_the_user_of_the_machine_unless_said(monkeypatch):
    assert settings.load().who().startswith("cli:")
    monkeypatch.setenv("HOMETRIAL_ACTOR", "ada")
    assert settings.load().who() == "ada"


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    made = Settings(home=tmp_path)
    first = made.key("audit")

    assert len(first) == 32
    assert Settings(home=tmp_path).key("audit") == first
    assert made.key("identity") != first
    assert (tmp_path / "keys" / "audit.hex").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == [
        "audit.hex",
        "identity.hex",
    ]


def test_a_key_that_others_may_read_is_refused_with_the_command_that_mends_it(tmp_path):
    made = Settings(home=tmp_path)
    made.key("audit")
    path = tmp_path / "keys" / "audit.hex"
    path.chmod(0o644)

    with pytest.raises(SettingsError, match=f"chmod 600 {path}"):
        made.key("audit")


@pytest.mark.parametrize("content", ["", "zz" * 32, "ab" * 31, "ab" * 33])
def test_a_damaged_key_is_refused_and_never_replaced(tmp_path, content):
    made = Settings(home=tmp_path)
    made.key("audit")
    path = tmp_path / "keys" / "audit.hex"
    path.write_text(content)

    with pytest.raises(SettingsError, match=r"audit\.hex"):
        made.key("audit")
    assert path.read_text() == content


def test_of_two_processes_that_make_a_key_the_first_ones_stands(tmp_path, monkeypatch):
    link = os.link

    def late(draft, path):
        monkeypatch.setattr(os, "link", link)
        first.append(Settings(home=tmp_path).key("audit"))
        link(draft, path)

    first: list[bytes] = []
    monkeypatch.setattr(os, "link", late)

    assert Settings(home=tmp_path).key("audit") == first[0]
