"""The doctor behind `acd check`: what is wrong with an installation, in plain words, and what to do about it."""
