"""The demo's trial: 75 people whose past is lived by the services, on a clock of its own; the same each time."""
