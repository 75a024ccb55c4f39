"""Questionnaires on the site: one question at a time, with and without a network."""

from hometrial.participant.pages.asking import ending, helping, offline, questions, starting
from hometrial.participant.pages.asking.door import pages

__all__ = ["ending", "helping", "offline", "pages", "questions", "starting"]
