"""The scorers that come with Limen; each is registered by an entry point, as a stranger's would be."""
