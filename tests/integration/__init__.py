"""Tests that need a real Asterisk and SIPp, on loopback."""
