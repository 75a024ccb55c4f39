"""The trial as data: protocols, allocation and dose plans, checked when they are loaded. No tables, no sites."""
