"""Openly licensed labelled texts -> the weights and the card of `text-linear`; needs the development extras."""
