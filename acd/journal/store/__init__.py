"""Where the journal keeps what it knows: SQLite or PostgreSQL through SQLAlchemy Core, one file per kind of thing."""
