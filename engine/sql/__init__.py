"""A Program as SQL: the same decisions, computed by a warehouse over a scored log."""
