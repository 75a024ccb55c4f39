"""Doubles of the wearable clouds: real HTTP servers over one seeded truth, with a clock of their own."""
