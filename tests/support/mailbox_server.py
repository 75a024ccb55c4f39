"""A real mail server in this process, which takes, puts off or refuses mail as a test wants."""

import email
import socket
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD = "trial", "not for people"
SENDER = "trial@example.org"


@dataclass
class Box:
    """What arrived, and how the server answers: one answer for each recipient and for each mail's words."""

    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    to_recipient: str = "250 OK"
    to_sender: str = "250 OK"
    to_words: str = "250 taken as A1B2"
    hangs_up: bool = False

    async def handle_MAIL(self, _server, _session, envelope, address, _options):  # noqa: N802 - the library calls it so
        if self.to_sender.startswith("250"):
            envelope.mail_from = address
        return self.to_sender

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - the library calls it so
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient.replace("ADDRESS", address)

    async def handle_DATA(self, server, _session, envelope):  # noqa: N802 - the library calls it so
        if self.hangs_up:
            server.transport.abort()
            return "421 gone"
        if self.to_words.startswith("250"):
            self.mails.append(email.message_from_bytes(envelope.content, policy=default))
            self.recipients += envelope.rcpt_tos
        return self.to_words

    def text(self, number=-1) -> str:
        """Return the plain words of a mail."""
        return self.mails[number].get_body(("plain",)).get_content()


@dataclass
class Server:
    """A mail server: its box, and the settings that lead to it."""

    box: Box
    port: int
    settings: dict[str, object]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def start(box, **options):
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    return controller


def told(port, **more):
    """Return the settings of a mail server on this machine."""
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_tls": "none",
        "smtp_from": SENDER,
        "public_url": "https://study.example.org",
    } | more


def knows(_server, _session, _envelope, _mechanism, data):
    """Let the one user in."""
    given = (data.login.decode(), data.password.decode())
    return AuthResult(success=given == (USER, PASSWORD), handled=False)
