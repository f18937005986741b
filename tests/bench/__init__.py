"""Measurements that print figures; run by make, not by pytest."""
