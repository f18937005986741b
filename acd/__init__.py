"""The application: composition root, command line, life of the daemon."""
