"""`acd top`: the supervisor's live screen in a terminal."""
