"""The records: append-only facts are the truth; calls, offers and operators' states are derived from them."""
