"""Pure: which broken call is owed a call-back, when, how often and in which mode.

Only the standard library and `queue_engine` are imported here; no clock is read, nothing is sent, stored or logged.
How the book meets the engine and the shell is told in docs/callback.md.
"""
