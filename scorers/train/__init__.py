"""Openly licensed labelled texts -> the weights and the cards of the text models; needs the development extras."""
