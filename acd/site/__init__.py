"""A new site: its configuration written from a profile."""
