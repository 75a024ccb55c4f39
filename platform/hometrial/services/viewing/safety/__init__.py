"""What the pages about safety show: what calls for somebody, the line listing, one event with its versions."""
