"""E-mail by SMTP, each step by itself: only so is it known whether a note was refused, taken, or nobody knows."""

import re
import smtplib
import ssl
from contextlib import suppress
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as MAIL
from email.utils import format_datetime
from urllib.parse import urlsplit

from hometrial import clock
from hometrial.services.messaging.notes import Answer, Note, Refused, Sent, Unclear
from hometrial.settings import Settings

_PATIENCE = 30.0
"""Seconds that a server may take for each answer."""
_ENDS = 500
_WHOLE = re.compile(r"[^\s<>:,;@\"]+@[^\s<>:,;@\"]+")
_ADDRESS = re.compile(r"[^\s<>:,;]+@[^\s<>:,;]+")
_LONGEST = 300


class Smtp:
    """The e-mail of one study."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, address: str, note: Note) -> Answer:
        """Hand a note to the server for an address."""
        try:
            mail = self.written(address, note)
        except (ValueError, HeaderParseError):  # no address, a line break in it above all
            return Refused(None, "what is on record is no e-mail address", is_final=True)
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            return Refused(_code_of(error), _said(error), is_final=False)
        try:
            return self._handed(server, address, mail.as_bytes(policy=MAIL))
        finally:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def written(self, address: str, note: Note) -> EmailMessage:
        """Return a note as a mail. Raises ValueError for an address that is none."""
        sender = self._settings.smtp_from or ""
        if not (address.isascii() and _WHOLE.fullmatch(address)):
            raise ValueError("no plain address in ASCII")
        mail = EmailMessage(policy=MAIL)
        mail["From"] = Address(addr_spec=sender)
        mail["To"] = Address(addr_spec=address)
        mail["Subject"] = note.subject
        mail["Date"] = format_datetime(clock.now())
        mail["Message-ID"] = f"<{note.message_id}@{sender.rpartition('@')[2]}>"
        mail["Content-Language"] = note.language
        mail["Auto-Submitted"] = "auto-generated"  # nobody's holiday notice answers it
        if note.preferences is not None:
            mail["List-Unsubscribe"] = f"<{note.preferences}>"
        mail.set_content(note.text)
        mail.add_alternative(note.html, subtype="html")
        return mail

    def _connected(self) -> smtplib.SMTP:
        """Return a server that is ready for a mail. Raises OSError, smtplib.SMTPException."""
        settings = self._settings
        host, port = settings.smtp_host or "", settings.smtp_port
        ours = urlsplit(settings.public_url).hostname
        if settings.smtp_tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, ours, timeout=_PATIENCE, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, port, ours, timeout=_PATIENCE)
        try:
            if settings.smtp_tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user is not None and settings.smtp_password is not None:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server

    def _handed(self, server: smtplib.SMTP, address: str, mail: bytes) -> Answer:
        try:
            server.ehlo_or_helo_if_needed()
            code, answer = server.mail(self._settings.smtp_from or "")
            if not _is_well(code):
                # Our own sender is refused, not this address: somebody may mend that.
                return Refused(code, _text(answer), is_final=False)
            code, answer = server.rcpt(address)
            if not _is_well(code):
                return Refused(code, _text(answer), is_final=code >= _ENDS)
        except (OSError, smtplib.SMTPException) as error:
            return Refused(_code_of(error), _said(error), is_final=False)
        return _written_out(server, mail)


def _written_out(server: smtplib.SMTP, mail: bytes) -> Answer:
    """Give the words themselves; from here on a broken line leaves it open whether they arrived."""
    try:
        code, answer = server.data(mail)
    except smtplib.SMTPDataError as error:  # the server did not want any words
        return Refused(error.smtp_code, _said(error), is_final=error.smtp_code >= _ENDS)
    except (OSError, smtplib.SMTPException) as error:
        return Unclear(_said(error))
    if not _is_well(code):
        return Refused(code, _text(answer), is_final=code >= _ENDS)
    return Sent(code, _text(answer))


def _is_well(code: int) -> bool:
    return 200 <= code < 300


def _code_of(error: Exception) -> int | None:
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _text(error.smtp_error)
    return _text(f"{type(error).__name__}: {error}")


def _text(answer: bytes | str) -> str:
    """Return what a server said, without the addresses that servers like to repeat: they are kept sealed."""
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(_ADDRESS.sub("[address]", said).split())[:_LONGEST]
