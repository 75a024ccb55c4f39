"""How the demo's people read and sign, and sign anew."""

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.cli import living
from hometrial.cli.stage.life import Life
from hometrial.models import Participant, SectionRead
from hometrial.services.agreeing import reading, reconsenting, signing, texts, understanding
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.agreeing.texts import Offer


def consent(session: Session, keys: Keys, life: Life) -> None:
    """Have a person talk the trial over, read, answer the questions and sign."""
    person, language = life.person(session), life.part.language
    living.talk(session, life.code)
    (offer,) = texts.offered(session, person, language)
    _read_whole(session, person, offer)
    right = {each.id: each.right for each in offer.quiz.questions}
    if life.part.number % 4 == 0:  # some get one wrong at first
        first = offer.quiz.questions[0]
        wrong = next(each.id for each in first.options if each.id != first.right)
        understanding.answer(session, person, offer, right | {first.id: wrong})
        for section in reading.progress(session, person, offer).left:
            reading.read(session, person, offer, section)
    _agree(session, keys, life, offer)


def _read_whole(session: Session, person: Participant, offer: Offer) -> None:
    """Have a person read a document that they have not begun."""
    now = clock.now()
    session.add_all(
        SectionRead(participant_id=person.id, text_id=offer.text.id, section=each.id, read_at=now)
        for each in offer.document.sections
    )
    session.flush()


def _agree(session: Session, keys: Keys, life: Life, offer: Offer) -> None:
    person = life.person(session)
    if not understanding.passed(session, person, offer):
        right = {each.id: each.right for each in offer.quiz.questions}
        understanding.answer(session, person, offer, right)
    act = living.signature(f"Demo Person {life.part.number}", "I agree")
    signed = signing.sign(session, keys, person, offer, act)
    doctor = living.signature("Demo Investigator", "I led the talk", ())
    if (life.part.signed or 0) > 2:
        signing.countersign(session, keys, signed, doctor, by=living.DOCTOR)


def sign_anew(session: Session, keys: Keys, life: Life) -> None:
    """Sign the words that came into force later, if the person is still asked to."""
    person = life.person(session)
    for due in reconsenting.due(session, person, is_on_drug=life.began is not None):
        _read_whole(session, person, due.offer)
        _agree(session, keys, life, due.offer)
