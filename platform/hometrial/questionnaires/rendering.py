"""A form as it is shown in one language: every word in its place, or a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass

from hometrial.errors import TrialError
from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Item, ScaleItem
from hometrial.questionnaires.packs import TextPack, check_pack
from hometrial.questionnaires.slots import slots


class WordingAbsentError(TrialError):
    """An instrument that cannot be shown, since its wording is not here in this language."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to choose: what is stored, and its words."""

    value: int
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """One item in one language; `choices` is empty for what is not chosen from a list."""

    item: Item
    text: str
    stem: str | None
    help: str | None
    choices: tuple[Choice, ...]
    low_text: str | None
    high_text: str | None


@dataclass(frozen=True, slots=True)
class Form:
    """An instrument in one language, with the line that its licence asks to print.

    `pack_digest` is the SHA-256 of the text pack that the words are from, if they are from one.
    """

    instrument: Instrument
    language: str
    title: str
    recall: str | None
    notice: str
    questions: tuple[Question, ...]
    pack_digest: str | None


def render(instrument: Instrument, language: str, pack: TextPack | None = None) -> Form:
    """Return the form in this language: in the wording that is shipped, else in that of the pack.

    Raises WordingAbsentError if neither speaks the language; TextPackError if the pack is not this instrument's.
    """
    shipped = instrument.licence.text_shipped and language in instrument.languages
    words = (
        _shipped_words(instrument, language) if shipped else _pack_words(instrument, language, pack)
    )
    return Form(
        instrument,
        language,
        instrument.title.get(language) or instrument.title[instrument.languages[0]],
        words.get("recall"),
        instrument.licence.notice,
        tuple(_question(instrument, item, words) for item in instrument.items),
        None if shipped or pack is None else pack.sha256,
    )


def _shipped_words(instrument: Instrument, language: str) -> Mapping[str, str]:
    return {slot.key: slot.text[language] for slot in slots(instrument) if slot.text}


def _pack_words(instrument: Instrument, language: str, pack: TextPack | None) -> Mapping[str, str]:
    if pack is None or pack.language != language:
        licence = instrument.licence
        why = (
            f"it is shipped in {', '.join(instrument.languages)} only"
            if licence.text_shipped
            else f"its licence ({licence.status}) forbids to ship its wording"
        )
        raise WordingAbsentError(
            f"{instrument.id} has no words in {language}: {why}; upload the text pack "
            f"{instrument.id}.{language}.yaml that your site is entitled to"
        )
    check_pack(pack, instrument)
    return pack.texts


def _question(instrument: Instrument, item: Item, words: Mapping[str, str]) -> Question:
    choices: tuple[Choice, ...] = ()
    if isinstance(item, ChoiceItem):
        choices = tuple(
            Choice(option.value, words[f"option:{item.options}:{option.code}"])
            for option in instrument.option_sets[item.options]
        )
    return Question(
        item,
        words[item.id],
        words[f"stem:{item.stem}"] if item.stem else None,
        words.get(f"{item.id}:help"),
        choices,
        words[f"{item.id}:low"] if isinstance(item, ScaleItem) else None,
        words[f"{item.id}:high"] if isinstance(item, ScaleItem) else None,
    )
