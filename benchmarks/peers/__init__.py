"""Other rule engines, each asked the conditions of the shipped pack. One file an engine."""
