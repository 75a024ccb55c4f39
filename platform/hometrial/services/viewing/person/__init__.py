"""Everything about one person as pages show it, a module a page."""
