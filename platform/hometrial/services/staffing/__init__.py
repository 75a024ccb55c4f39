"""Who of the staff may do what: accounts, roles at sites, sessions, and the record of what was looked at."""
