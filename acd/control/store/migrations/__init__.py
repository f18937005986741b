"""Migrations of the control API's tables."""
