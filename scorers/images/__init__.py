"""Bytes that somebody uploaded as a picture -> pixels, tensors and the text that is drawn in it."""
