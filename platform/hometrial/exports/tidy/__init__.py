"""Tidy tables: one plain table for each thing, with long names, made of the same records as the tabulations.

`tables` lists them; `variables.csv` says what their columns are.
"""
