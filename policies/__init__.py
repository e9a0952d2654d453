"""The shipped pack, as package data: rule files, their tests, word lists and hash lists. There is no code here."""
