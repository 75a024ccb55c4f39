"""Statements that read one file in SAS, Stata, SPSS and R, with the labels where the file itself has none."""
