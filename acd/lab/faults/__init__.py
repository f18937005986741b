"""Faults under load: what dies, hangs, fills up or lies, at random moments, and whether the books balance afterwards.

`plan.py` draws what happens, `stage.py` is the centre that it happens to, `strikes.py` does it, `seen.py` reads what
went over the wire, `books.py` compares that with what SIPp counted and with the records, `series.py` plays it again and
again.
"""
