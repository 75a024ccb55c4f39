"""The trial: tables, services, the staff site, exports and the command line."""
