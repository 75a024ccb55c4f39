"""The participant site: linking a watch, notifications and pushes; no staff page exists in it (D9)."""
