"""Word lists -> hits in a text that tries to hide them, each hit at its place in the original text."""
