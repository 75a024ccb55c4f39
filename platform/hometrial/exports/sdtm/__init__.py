"""Study data tabulations (SDTM 2.0, SDTMIG 3.4, SDTMIG-MD 1.1) made of the source tables.

`variables/*.csv`, `domains.csv` and `terms.csv` say what CDISC asks; a module of domains makes rows of source tables;
`assembling` numbers, dates and checks them alike. Nothing here reads a database, a clock or a locale.
"""
