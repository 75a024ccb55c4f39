"""The checks of a protocol, one module a subject; `checking` runs them all."""
