"""Data locks: made of one snapshot, signed by two people, rebuilt from what they keep, compared, traced (features.md D7-D11)."""
