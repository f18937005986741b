"""The history of the journal's schema, one step per file in `versions`."""
