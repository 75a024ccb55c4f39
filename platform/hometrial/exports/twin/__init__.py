"""A synthetic twin of a study: invented people with the live schema, made of a protocol and its questionnaires alone.

`setting` says what it is made of, `life` plans who each person is, the others fill the source tables, and `making`
puts them together. The same seed makes the same tables, whatever the machine, locale or zone.
"""
