"""The drawing, table and files of a person's timeline."""
