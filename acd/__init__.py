"""The application: composition root, command line, life of the daemon."""

__version__ = "0.1.0"
