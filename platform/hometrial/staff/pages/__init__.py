"""The pages, one module a subject: each asks a service and renders what it said."""
