"""Text -> checked policy -> Program: the language of rule files."""
