"""Backups: the whole database in one sealed file that tells a flipped byte, a cut end and a wrong key, and its way back."""
