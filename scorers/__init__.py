"""Content -> scores: the plugin protocol, the registry, the runner and the built-in scorers.

Start reading at `scorer.py` (what a plugin is), then `registry.py` (plugins and settings -> configured scorers)
and `runner.py` (configured scorers and contents -> values, or a reason why there is none).
"""
