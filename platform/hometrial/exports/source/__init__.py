"""What data sets are made of: the study as plain tables, taken out of the database once and never read again.

`fields` says what a table's columns are, `tables` which tables there are, `reading` how they are kept and read.
"""
