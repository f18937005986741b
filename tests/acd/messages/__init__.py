"""Tests of voice messages."""
