"""The configuration: pydantic model, TOML loader, profiles of the regulations."""
