"""Tests of what Asterisk is given to load."""
