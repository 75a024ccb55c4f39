"""Tidy tables as the read interface gives them: of some sites, under a profile, each snapshot kept for a while (features.md D15, D17)."""
