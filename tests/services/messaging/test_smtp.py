"""Each answer of a real mail server is told as what it is: taken, put off, refused, or nobody knows."""

from uuid import UUID

import pytest
from mailbox_server import PASSWORD, SENDER, USER, free_port, knows, start, told
from pydantic import SecretStr

from hometrial.services.messaging import wording
from hometrial.services.messaging.notes import Refused, Sent, Unclear
from hometrial.services.messaging.smtp import Smtp
from hometrial.services.messaging.wording import Said
from hometrial.settings import Settings

SITE = "https://study.example.org"
NOTE = wording.note(UUID(int=7), "en", Said("code", {"code": "481 902"}), SITE)
ADDRESS = "zoe@example.net"


def smtp(**settings):
    return Smtp(Settings(**settings))


def test_a_mail_that_is_taken_has_words_twice_and_says_how_to_end_it(mail):
    assert smtp(**mail.settings).send(ADDRESS, NOTE) == Sent(250, "taken as A1B2")
    (found,) = mail.box.mails
    assert mail.box.recipients == [ADDRESS]
    assert (found["From"], found["To"]) == (SENDER, ADDRESS)
    assert found["Subject"] == "Your code to sign in"
    assert found["Message-ID"] == f"<{UUID(int=7)}@example.org>"
    assert found["List-Unsubscribe"] == f"<{SITE}/reminders>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]
    assert "Your code is: 481 902" in mail.box.text()
    assert "Your code is: 481 902" in found.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"to_recipient": "451 later"}, Refused(451, "later", is_final=False)),
        ({"to_recipient": "550 nobody here"}, Refused(550, "nobody here", is_final=True)),
        ({"to_words": "452 full"}, Refused(452, "full", is_final=False)),
        ({"to_words": "554 spam"}, Refused(554, "spam", is_final=True)),
        # Of our own sender: no person's address is at fault, and somebody may mend it.
        ({"to_sender": "553 not yours"}, Refused(553, "not yours", is_final=False)),
    ],
)
def test_a_refusal_is_told_with_the_servers_code_and_words(mail, answers, expected):
    for name, answer in answers.items():
        setattr(mail.box, name, answer)
    assert smtp(**mail.settings).send(ADDRESS, NOTE) == expected
    assert mail.box.mails == []


def test_an_address_that_a_server_repeats_is_not_kept(mail):
    mail.box.to_recipient = "550 5.1.1 <ADDRESS>: unknown"
    answer = smtp(**mail.settings).send(ADDRESS, NOTE)
    assert answer == Refused(550, "5.1.1 <[address]>: unknown", is_final=True)


def test_a_line_that_breaks_after_the_words_leaves_it_open(mail):
    mail.box.hangs_up = True
    assert isinstance(smtp(**mail.settings).send(ADDRESS, NOTE), Unclear)


def test_a_server_that_is_down_may_come_back():
    answer = smtp(**told(free_port())).send(ADDRESS, NOTE)
    assert isinstance(answer, Refused)
    assert not answer.is_final
    assert "Refused" in answer.answer


@pytest.mark.parametrize(
    "address", ["", "zoe", "a@", "@b", "a@b\r\nBcc: all@example.org", "é@example.net"]
)
def test_what_is_no_address_is_never_given_to_a_server(mail, address):
    answer = smtp(**mail.settings).send(address, NOTE)
    assert answer == Refused(None, "what is on record is no e-mail address", is_final=True)


def test_starttls_and_the_password_are_used(mail, certificate):
    controller = start(
        mail.box, tls_context=certificate, require_starttls=True, authenticator=knows,
        auth_required=True,
    )  # fmt: skip
    secure = told(controller.port, smtp_tls="starttls", smtp_user=USER)
    try:
        right = smtp(**secure, smtp_password=SecretStr(PASSWORD)).send(ADDRESS, NOTE)
        wrong = smtp(**secure, smtp_password=SecretStr("guess")).send(ADDRESS, NOTE)
    finally:
        controller.stop()
    assert right == Sent(250, "taken as A1B2")
    assert (wrong.code, wrong.is_final) == (535, False)


def test_a_server_without_tls_gets_neither_password_nor_mail(mail):
    asked = told(mail.port, smtp_tls="starttls", smtp_user=USER, smtp_password=SecretStr(PASSWORD))
    answer = smtp(**asked).send(ADDRESS, NOTE)
    assert isinstance(answer, Refused)
    assert "STARTTLS" in answer.answer
    assert mail.box.mails == []


def test_a_certificate_that_nobody_vouches_for_is_refused(mail, certificate, monkeypatch):
    controller = start(mail.box, tls_context=certificate)
    monkeypatch.delenv("SSL_CERT_FILE")
    try:
        answer = smtp(**told(controller.port, smtp_tls="starttls")).send(ADDRESS, NOTE)
    finally:
        controller.stop()
    assert isinstance(answer, Refused)
    assert "CERTIFICATE_VERIFY_FAILED" in answer.answer
