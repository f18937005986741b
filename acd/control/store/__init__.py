"""What the control API keeps: tokens (only their digests) and the audit trail, in the database of the records."""
