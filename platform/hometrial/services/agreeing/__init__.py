"""Consent as a person gives it: read, understood, signed, asked again, and taken back in parts."""
