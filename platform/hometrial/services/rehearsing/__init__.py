"""A past that is written at once, for rehearsals: what the services would have kept of many days, one by one."""
