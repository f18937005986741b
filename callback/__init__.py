"""Pure: which broken call is owed a call-back, when, how often and in which mode."""
