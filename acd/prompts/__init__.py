"""Prompts: texts spoken into files that Asterisk plays."""
