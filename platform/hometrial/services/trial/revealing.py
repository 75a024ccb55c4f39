"""The end of concealment: the sealed file is made public, and every allocation is drawn again from it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Allocation, AllocationReveal, AllocationScheme, ProtocolVersion
from hometrial.protocol import sealing
from hometrial.protocol.drawing import AllocationError
from hometrial.services.trial import publishing, schemes, sealed


def reveal(
    session: Session, key: bytes, scheme: AllocationScheme, *, by: str, because: str
) -> AllocationReveal:
    """Make the sealed file public; from then on nobody is allocated by it.

    Raises AllocationError if it is revealed already or nothing says why, SealBrokenError if it is not the
    file that was committed to.
    """
    schemes.hold(session)
    if not because.strip():
        raise AllocationError("say why the allocation is revealed, for the trail")
    if is_revealed(session, scheme):
        raise AllocationError("the allocation is revealed already; hometrial allocation verify")
    file = sealed.opened(session, key, scheme.id)
    seed = sealed.seed_of(file)
    sealing.require_unbroken(file, scheme.commitment, seed, _design(session, scheme))
    revealed = AllocationReveal(
        scheme_id=scheme.id,
        file=file.decode(),
        revealed_at=clock.now(),
        revealed_by=by,
        because=because,
    )
    session.add(revealed)
    session.flush()
    return revealed


def is_revealed(session: Session, scheme: AllocationScheme) -> bool:
    """Say whether a scheme's file is public."""
    return session.get(AllocationReveal, scheme.id) is not None


def verify(session: Session, scheme: AllocationScheme) -> Sequence[Allocation]:
    """Return the allocations that are not as the revealed seed draws them; none if all are.

    Raises AllocationError before the reveal, SealBrokenError if the file is not the one committed to.
    """
    revealed = session.get(AllocationReveal, scheme.id)
    if revealed is None:
        raise AllocationError(
            "the allocation is still sealed; at the end of the trial: hometrial allocation reveal"
        )
    file, design = revealed.file.encode(), _design(session, scheme)
    seed = sealed.seed_of(file)
    sealing.require_unbroken(file, scheme.commitment, seed, design)
    made = schemes.made_by(session, scheme, design)
    wrong = sealing.not_as_drawn(seed, design, [each for _, each in made])
    return [row for row, each in made if any(each is one for one in wrong)]


def _design(session: Session, scheme: AllocationScheme) -> schemes.Design:
    version = session.get_one(ProtocolVersion, scheme.protocol_version_id)
    return schemes.design_of(publishing.of(version))
