"""Which medicines stand against the drug: a closed list of opioids and their antagonists, with their names.

Only what is on the list is decided; a name that is not on it says nothing about what is in it.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Kinship(StrEnum):
    """How a substance stands to opioid receptors.

    SHORT_ACTING and LONG_ACTING (buprenorphine, methadone) stand against the drug; so does an ANTAGONIST besides
    the study's. PERIPHERAL (loperamide) is allowed, and RECORDED (dextromethorphan) has no such effect.
    """

    SHORT_ACTING = "short_acting"
    LONG_ACTING = "long_acting"
    ANTAGONIST = "antagonist"
    PERIPHERAL = "peripheral"
    RECORDED = "recorded"

    @property
    def is_opioid(self) -> bool:
        """Whether it acts as an opioid in the brain: what the drug must never meet."""
        return self in (Kinship.SHORT_ACTING, Kinship.LONG_ACTING)

    @property
    def is_prohibited(self) -> bool:
        """Whether nobody may take it while on drug."""
        return self.is_opioid or self is Kinship.ANTAGONIST


_GRAVEST = (
    Kinship.LONG_ACTING,
    Kinship.SHORT_ACTING,
    Kinship.ANTAGONIST,
    Kinship.PERIPHERAL,
    Kinship.RECORDED,
)
_LIST: dict[Kinship, dict[str, str]] = {
    Kinship.SHORT_ACTING: {
        "alfentanil": "rapifen",
        "butorphanol": "stadol",
        "codeine": "codein kodein codipront codicaps cocodamol codamol bronchicum-codein solpadeine nurofen-plus tussipax"
        " padeine syndol",
        "diamorphine": "diamorphin heroin heroine",
        "dihydrocodeine": "dihydrocodein paracodin paracodine codydramol dicodin dhc",
        "diphenoxylate": "diphenoxylat lomotil cophenotrope",
        "ethylmorphine": "ethylmorphin dionin cosylan",
        "fentanyl": "durogesic duragesic abstral actiq instanyl matrifen effentora",
        "hydrocodone": "hydrocodon vicodin norco lortab tussionex hycodan dicodid",
        "hydromorphone": "hydromorphon dilaudid palladone palladon jurnista",
        "levorphanol": "",
        "meptazinol": "meptid",
        "mitragynine": "kratom mitragynin mitragyna",
        "morphine": "morphin morphium mst mscontin oramorph sevredol kapanol severedol zomorph",
        "nalbuphine": "nalbuphin nubain",
        "opium": "laudanum paregoric opiumtinktur dropizol opii",
        "oxycodone": "oxycodon oxycontin oxynorm percocet percodan roxicodone oxygesic targin targiniq targinact endone",
        "oxymorphone": "oxymorphon opana",
        "pentazocine": "pentazocin fortral talwin",
        "pethidine": "pethidin meperidine meperidin demerol dolantin",
        "piritramide": "piritramid dipidolor",
        "remifentanil": "ultiva",
        "sufentanil": "sufenta dzuveo zalviso",
        "tapentadol": "palexia nucynta yantil",
        "tilidine": "tilidin valoron",
        "tramadol": "tramal ultram ultracet zaldiar tramacet zydol tramadolor zamadol contramal skudexa",
    },
    Kinship.LONG_ACTING: {
        "buprenorphine": "buprenorphin suboxone subutex temgesic butrans transtec norspan buvidal sublocade espranor"
        " bupensan belbuca zubsolv",
        "levacetylmethadol": "laam",
        "methadone": "methadon polamidon levomethadone levomethadon dolophine physeptone methadict eptadone methaddict",
    },
    Kinship.ANTAGONIST: {
        "nalmefene": "nalmefen selincro revex",
        "naloxone": "naloxon narcan nyxoid nalscue prenoxad",
        "naltrexone": "naltrexon nemexin revia vivitrol adepend ldn contrave mysimba",
    },
    Kinship.PERIPHERAL: {
        "loperamide": "loperamid imodium lopedium vacontil arret diocalm",
    },
    Kinship.RECORDED: {
        "dextromethorphan": "dextrometorphan dxm robitussin auvelity neotussan silomat",
    },
}  # fmt: skip
"""Substances with their other names: of other languages and of trade, in one word each, lower case, no accents."""
_NAMES: dict[str, tuple[Kinship, str]] = {
    word.replace("-", ""): (kinship, substance)
    for kinship, listed in _LIST.items()
    for substance, others in listed.items()
    for word in (substance, *others.split())
}
_SALTS = 6
"""From so many letters on a name may have a salt joined to it: tramadolhydrochlorid, codeinphosphat."""


@dataclass(frozen=True)
class Found:
    """A substance of the list that a medicine's name says is in it."""

    substance: str
    kinship: Kinship


def found_in(name: str) -> Found | None:
    """Return the gravest substance of the list that the name of a medicine tells of, None if it tells of none."""
    known = [_NAMES[each] for word in _words(name) for each in _beginnings(word)]
    if not known:
        return None
    kinship, substance = min(known, key=lambda each: _GRAVEST.index(each[0]))
    return Found(substance, kinship)


def _words(name: str) -> Iterator[str]:
    """Yield the words of a name, and each two in a row as one: co-codamol, MS Contin."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    words = re.findall(r"[a-z]+", letters)
    yield from words
    for first, second in pairwise(words):
        yield first + second


def _beginnings(word: str) -> Iterator[str]:
    """Yield what of the list a word is, or begins with if that is long enough to be told by its beginning."""
    if word in _NAMES:
        yield word
        return
    yield from (each for each in _NAMES if len(each) >= _SALTS and word.startswith(each))
