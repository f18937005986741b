"""Reports: what is in them (`model`, `build`), how they look (`render`), and the words they use (`texts`)."""
