"""Ways of leaving in the words in which staff read them back to a person: what stops, and what stays."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """One choice: its name, what stops at once, and what stays as it is."""

    title: str
    stops: str
    stays: str


SCOPES: Mapping[str, Scope] = {
    "stop_drug": Scope(
        "Stop the drug, stay in the study otherwise",
        "You take no more of the study's drug.",
        "Visits, questions and your watch go on as before.",
    ),
    "stop_wearable": Scope(
        "Stop the watch",
        "We read nothing more from your watch or phone, and our access to your account ends.",
        "The drug, visits and questions go on as before.",
    ),
    "withdraw_completely": Scope(
        "Leave the study completely",
        "Everything stops: the drug, visits, questions, messages and your watch. Nothing new about you "
        "comes into the study. This cannot be taken back.",
        "What was collected until now is kept.",
    ),
    "stop_drug_safety_only": Scope(
        "Stop the drug, be followed for safety only",
        "The drug, the study's visits and all its questions stop.",
        "We still ask about side effects until they are over. Your watch stays connected.",
    ),
    "stop_diaries": Scope(
        "Stop the diaries",
        "You get no more questions between visits.",
        "The drug, visits and your watch go on as before.",
    ),
    "stop_contact": Scope(
        "No more contact",
        "Nobody of the study writes to you or calls you. Visits and questions end.",
        "Medical records may still be looked into, as you agreed. Your watch stays connected.",
    ),
    "delete_raw_data": Scope(
        "Ask for the raw data of the watch to be deleted",
        "You ask that what your watch sent be deleted. The team looks at what the law allows, and answers.",
        "Until you have the answer, the data are kept.",
    ),
}
"""The three plain ones first; the others are more precise."""
PLAIN = 3
"""So many are shown at once."""
