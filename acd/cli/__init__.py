"""The command line: `acd run`, `check`, `status`, `agents`, `report`, `asterisk-conf` and what belongs to them."""
