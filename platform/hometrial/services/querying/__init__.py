"""Queries: questions about data, opened by a rule or by hand, answered, assigned, closed; each step is kept (A29-A31)."""
