"""The worker: one process that takes jobs from the database and does them."""
