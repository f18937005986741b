"""Tests of the records, the figures and the reports."""
