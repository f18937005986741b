"""Encrypted backups of a site: made while the daemon runs, looked through, put back."""
