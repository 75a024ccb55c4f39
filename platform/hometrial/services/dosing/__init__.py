"""A person's doses in the database: what was ordered, taken, told; the rules are those of `protocol.dosing`."""
