"""The numbers of a pilot's report: each with its denominator and its interval, each from one documented formula.

Where SciPy or statsmodels has a formula, theirs is called; what they lack is written out here. Nothing is rounded.
"""
