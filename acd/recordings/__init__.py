"""Recorded talks: from the file that Asterisk writes to the kept, and in time destroyed, recording."""
