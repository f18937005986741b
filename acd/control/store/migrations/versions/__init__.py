"""Steps of the control API's schema."""
