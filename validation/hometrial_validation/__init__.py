"""Frames in, verdicts out: the gate, its suites and its own expectations."""
