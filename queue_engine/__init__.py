"""The pure core: who waits, who is free, who is offered to whom, what is due when.

Only the standard library is imported here, and of it nothing that reads a clock, does I/O, logs or draws random numbers.
"""
