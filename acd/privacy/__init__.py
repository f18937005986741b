"""One person's data, found by his number: given to him, or erased (Federal Law 152-FZ, articles 14 and 21)."""
