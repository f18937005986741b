"""The control API: what the running daemon tells, and what it may be asked to do, over HTTP on loopback."""
