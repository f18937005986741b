"""Steps of the journal's schema."""
