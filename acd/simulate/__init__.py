"""The engine that serves the calls, in virtual time: what would happen if. See `world.py`."""
