"""Voice messages that callers leave: learnt of, listened to, processed, destroyed."""
