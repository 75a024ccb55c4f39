"""The worked examples that an instrument declares, computed."""

from collections.abc import Iterator, Mapping

from hometrial.questionnaires.functions import ScoringError
from hometrial.questionnaires.instrument import Instrument, Vector
from hometrial.questionnaires.scoring import Scored, score

_CLOSE = 1e-4


def vector_faults(instrument: Instrument) -> Iterator[str]:
    """Yield one sentence for each worked example that comes out otherwise than declared."""
    for number, vector in enumerate(instrument.tests):
        try:
            scored = score(instrument, vector.answers)
        except ScoringError as error:
            yield f"tests[{number}]: {error}"
        else:
            for said in _differences(vector, scored):
                yield f"tests[{number}]: {said}"


def _differences(vector: Vector, scored: Scored) -> Iterator[str]:
    for name, expected in vector.expect.items():
        found = scored.scores[name]
        if not _same(found, expected):
            yield f"{name} comes to {found}, not to {expected}"
    yield from _other_bands(vector.bands, scored.bands)
    if vector.flags is not None and sorted(vector.flags) != sorted(scored.flags):
        yield f"the flags are {list(scored.flags)}, not {list(vector.flags)}"


def _other_bands(expected: Mapping[str, str | None], found: Mapping[str, str]) -> Iterator[str]:
    for name, band in expected.items():
        if found.get(name) != band:
            yield f"the band of {name} is {found.get(name)}, not {band}"


def _same(found: float | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return abs(found - expected) <= _CLOSE
