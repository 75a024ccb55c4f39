"""Columns that are derived from a frame before its rules are asked: vectorised, row for row."""
