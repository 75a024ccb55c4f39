"""Codes of an authenticator app (RFC 6238): six digits of a half minute, each accepted once, one half minute astray."""

import base64
import hmac
import re
from uuid import UUID

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import StaffCodeUse

SECONDS, DRIFT = 30, 1
_BYTES = 20


def secret(key: bytes, for_what: str) -> str:
    """Return the secret that a page offers: the same whenever it is looked at anew, known to nobody else."""
    made = hmac.digest(key, f"secret of an app\x00{for_what}".encode(), "sha256")
    return base64.b32encode(made[:_BYTES]).decode("ascii")


def address(offered: str, name: str) -> str:
    """Return what the app reads from the square of dots."""
    return pyotp.TOTP(offered).provisioning_uri(name=name, issuer_name="Hometrial")


def step_of(offered: str, typed: str) -> int | None:
    """Return the half minute of which this is the code, None if it is of none near now."""
    code = re.sub(r"\s", "", typed)
    now = int(clock.now().timestamp()) // SECONDS
    app = pyotp.TOTP(offered)
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(app.generate_otp(step).encode(), code.encode()):
            found = step
    return found


def spend(session: Session, account_id: UUID, step: int) -> bool:
    """Use the code of a half minute up; False if it was used before."""
    values = {"account_id": account_id, "step": step, "used_at": clock.now()}
    made = session.execute(
        insert(StaffCodeUse).values(values).on_conflict_do_nothing().returning(StaffCodeUse.step)
    )
    return made.first() is not None


def seal(key: bytes, account_id: UUID, offered: str) -> bytes:
    """Return a secret encrypted, bound to its account."""
    return _cipher(key).encrypt(f"{account_id}\x00{offered}".encode())


def unseal(key: bytes, account_id: UUID, sealed: bytes) -> str:
    """Return a sealed secret. Raises TrialError of another key or account."""
    try:
        owner, offered = _cipher(key).decrypt(bytes(sealed)).decode().split("\x00", 1)
    except InvalidToken as error:
        raise TrialError(
            "an app's secret was sealed with another key; restore keys/staff-factors.hex"
        ) from error
    if owner != str(account_id):
        raise TrialError("an app's secret belongs to another account: the table was tampered with")
    return offered


def _cipher(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(key))
