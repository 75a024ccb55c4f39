"""Messages to people and to the staff: planned, held back, sent once, and what became of each."""
