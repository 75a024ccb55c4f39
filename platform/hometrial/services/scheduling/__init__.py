"""Data sets that leave by themselves: when, where to, whole or what is new, and nothing half there (features.md D14, D15)."""
