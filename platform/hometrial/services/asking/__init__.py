"""Questionnaires asked and answered: what is due, what was said, what it comes to."""
