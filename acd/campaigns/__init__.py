"""Call lists and surveys (VLA 3.7, 3.8): kept, imported, paced, reported. The book of call-backs makes the calls."""
