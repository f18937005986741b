"""Tests of which lines are open."""
