"""The pilot report: every section of protocol-and-instruments.md 5.2, reckoned of a lock's data sets alone.

`making.report` fills the sections; `pages` writes them as one HTML file, `record` as JSON. No clock, no database.
"""
