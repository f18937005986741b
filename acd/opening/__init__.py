"""Which lines are open: by their hours, or by hand."""
