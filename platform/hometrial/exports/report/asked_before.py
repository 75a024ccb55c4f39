"""What else is known of people before the drug: questionnaires that are no outcome, earlier naltrexone, and what nobody was asked."""

import re
from collections.abc import Iterator

from hometrial.exports.report.material import Material
from hometrial.exports.report.series import code
from hometrial.exports.sdtm.coding import listed
from hometrial.protocol.outcomes import FormOutcome

_BEFORE = ("consent", "run_in_start", "run_in_end", "randomisation")
_OTHER = "other"
"""Kind of a treatment told that is no naltrexone."""
_WHOLE = ("total", "mean")
_FEW_SCORES = 2
CUSTOMARY: tuple[tuple[str, str], ...] = (
    ("how long people were ill", r"\b(ill|illness|diagnos\w*|disease duration)\b"),
    ("how the illness began", r"\bonset\b"),
    ("how severe it is", r"\b(severity|edss|cdai)\b"),
    ("other illnesses", r"\b(comorbid\w*|pots|fibromyalgia)\b"),
    ("naltrexone taken before", r"\bnaltrexone\b"),
    ("what help people expect", r"\bexpect(ancy|ed help)\b"),
)
"""What a baseline table of these trials customarily tells, and the words by which a protocol asks it."""


def scores(material: Material) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the whole scores of questionnaires asked before the drug that belong to no outcome, by person."""
    protocol, done = material.protocol, set[str]()
    forms = {each.id: each for each in protocol.forms}
    outcomes = {
        forms[each.form].instrument for each in protocol.outcomes if isinstance(each, FormOutcome)
    }
    told = {code(material, each) for each in protocol.outcomes if isinstance(each, FormOutcome)}
    asked = [
        name
        for visit in protocol.visits
        if visit.anchor in _BEFORE
        for name in (*visit.forms, *visit.optional_forms)
    ]
    table = material.frame("ADQS")
    for name in asked:
        instrument = forms[name].instrument
        if instrument is None or instrument in outcomes or instrument in done:
            continue
        done.add(instrument)
        for test in _codes(instrument):
            rows = table[(table["PARAMCD"] == test) & (table["ABLFL"] == "Y")]
            if len(rows) and test not in told:
                label = f"{forms[name].label}: {rows['PARAM'].iloc[0].partition('-')[2]}"
                yield label, dict(zip(rows["SUBJID"], rows["AVAL"], strict=True))


def _codes(instrument: str) -> list[str]:
    """Return the test codes of an instrument's whole scores: its total or mean, or all where it has one or two."""
    known = {
        name: code.testcd
        for (of, kind, name), code in listed().items()
        if of == instrument and kind == "score"
    }
    whole = [known[each] for each in _WHOLE if each in known][:1]
    return whole or (list(known.values()) if len(known) <= _FEW_SCORES else [])


def earlier(material: Material) -> set[str]:
    """Return who told of naltrexone before the trial."""
    return {
        str(row["participant"])
        for row in material.source.rows("treatment_told")
        if row["kind"] != _OTHER
    }


def unasked(material: Material) -> list[str]:
    """Return what baseline tables customarily tell and this protocol does not ask."""
    protocol = material.protocol
    words = [f"{each.id} {each.label}" for each in protocol.variables]
    words += [f"{each.id} {each.label}" for each in protocol.forms]
    text = " ".join(words).replace("_", " ").lower()
    found = [said for said, pattern in CUSTOMARY if not re.search(pattern, text)]
    told = "naltrexone taken before"
    if protocol.history.doses and told in found:
        found.remove(told)
    return found
