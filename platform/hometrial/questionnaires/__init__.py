"""Questionnaires as data: instruments, what is asked when, and scores. No tables, no sites."""
