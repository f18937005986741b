"""Call-backs as the running daemon has them: the book joined to engine, Asterisk, records and configuration."""
