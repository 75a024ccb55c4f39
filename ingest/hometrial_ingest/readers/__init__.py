"""READERS by name, and nothing else."""
