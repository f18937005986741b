"""Fuzzing of everything that reads what others wrote: codecs, the control API, MQTT commands, the configuration.

`targets.py` says what is fed and what has to hold; `test_targets.py` feeds a few thousand mutations in the test suite;
`run.py` feeds millions, guided by coverage where atheris is installed (`make fuzz`). What either finds becomes a test.
"""
