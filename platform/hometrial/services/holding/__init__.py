"""Everything that is held about one person: which tables, their rows, and all of it as one file to take along."""
