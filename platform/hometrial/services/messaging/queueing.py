"""What is to be sent at once, since somebody waits for it: codes to sign in with."""

from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Message
from hometrial.services.messaging import secrets, states
from hometrial.services.messaging.states import Draft, MessageRefusedError, Step, Topic
from hometrial.services.messaging.wording import LANGUAGES

_LONGEST = 32


def queue_code(
    session: Session, participant_id: UUID, code: str, language: str, *, key: bytes
) -> Message:
    """Have a code to sign in with sent to a person by e-mail; in force if and only if this commits.

    `key` is `secrets.key_of(settings)`: the code lies sealed, only the worker reads it, and it is destroyed
    once it is sent or after ten minutes. A code that waits is not sent any more: the newest is the one that
    opens. Neither quiet hours nor pauses hold a code up, for the person asked. Whether there is an address
    shows when it is sent: no page can tell who has one. Raises MessageRefusedError.
    """
    if not code.strip() or len(code) > _LONGEST:
        raise MessageRefusedError(f"a code has 1 to {_LONGEST} characters, not {len(code)}")
    if language not in LANGUAGES:
        raise MessageRefusedError(
            f"language {language!r}: messages are written in {', '.join(LANGUAGES)}"
        )
    states.hold(session, participant_id)
    now, by = clock.now(), "the person"
    for each in states.unended(session, participant_id):
        if each.message.kind == "code" and each.last.state != "sending":
            newer = Step("suppressed", by, reason="a newer code was asked for")
            states.record(session, each.message, newer)
    topic = Topic("code", f"sign-in {uuid4()}", "asked for", now + secrets.LASTS)
    draft = Draft(participant_id, "code", "email", language, by)
    message = states.keep(session, draft, [topic], Step("queued", by, next_at=now))
    secrets.keep(session, key, message.id, code)
    return message
