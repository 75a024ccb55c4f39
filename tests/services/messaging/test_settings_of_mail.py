"""Settings of mail that would lose it, or send it in clear, refuse to start; a password is never shown."""

import pytest

from hometrial import settings
from hometrial.errors import SettingsError


@pytest.fixture
def given(monkeypatch, tmp_path):
    def load(**values):
        monkeypatch.setenv("HOMETRIAL_HOME", str(tmp_path))
        for name, value in values.items():
            monkeypatch.setenv(f"HOMETRIAL_{name.upper()}", value)
        return settings.load()

    return load


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"smtp_host": "mail.example.org"}, "SMTP_FROM"),
        ({"smtp_from": "Trial <trial@example.org>"}, "trial@example.org"),
        ({"smtp_user": "me"}, "go together"),
        ({"smtp_password": "pssst"}, "go together"),
        ({"smtp_port": "0"}, "SMTP_PORT"),
        ({"smtp_tls": "perhaps"}, "starttls"),
        ({"safety_mail": "ann@example.org, bob"}, "SAFETY_MAIL"),
        (
            {"smtp_host": "mail.example.org", "smtp_from": "t@example.org", "smtp_tls": "none"},
            "leaves this machine",
        ),
    ],
)
def test_what_does_not_fit_is_named(given, values, said):
    with pytest.raises(SettingsError, match=said) as caught:
        given(**values)
    assert "pssst" not in str(caught.value)


def test_several_of_the_staff_may_be_told(given):
    assert given(safety_mail="ann@example.org, bob@example.org").safety_addresses == (
        "ann@example.org",
        "bob@example.org",
    )
    assert given(safety_mail="ann@example.org").safety_addresses == ("ann@example.org",)
