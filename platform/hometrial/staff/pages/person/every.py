"""Every page about one person; each adds its routes to the blueprint of people."""

from hometrial.staff.pages.person import (
    consent,
    contacts,
    days,
    doses,
    events,
    identity,
    laboratory,
    leaving,
    medicines,
    messages,
    ordering,
    overview,
    paper_consent,
    questionnaires,
    resting,
    supply,
    tasks,
    trail,
    visits,
)

PARTS = (
    overview, days, identity, consent, paper_consent, visits, questionnaires, doses, ordering, supply, events,
    medicines, laboratory, messages, contacts, leaving, resting, tasks, trail,
)  # fmt: skip
