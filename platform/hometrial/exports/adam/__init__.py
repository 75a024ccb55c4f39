"""Analysis data sets (ADaMIG 1.3, OCCDS 1.1), made of the tabulations and the protocol alone.

`variables/*.csv` says what each variable is and by which rule it is derived; `data_sets.analyse` makes them all.
Every row leads back to the rows of the tabulations that it is made of, and from there to the source records.
"""
