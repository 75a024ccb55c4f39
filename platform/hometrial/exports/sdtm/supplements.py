"""Words of any length as supplemental qualifiers: what is too long for one goes on in the next."""

from hometrial.exports.sdtm.assembling import Qualifier, numbered, pieces


def qualifiers(
    name: str, label: str, words: str, *, origin: str = "CRF", evaluator: str = ""
) -> dict[str, Qualifier]:
    """Return words under QNAM, and what is left of them under QNAM1, QNAM2 ..."""
    found = {}
    for place, piece in enumerate(pieces(" ".join(words.split()))):
        number = str(place or "")
        named = numbered(label, place) if place else label
        found[f"{name[: 8 - len(number)]}{number}"] = Qualifier(named, piece, origin, evaluator)
    return found
