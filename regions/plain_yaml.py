"""YAML text -> plain values, where `NO` is Norway and a key stands once.

YAML 1.1, which PyYAML reads, takes `NO`, `no`, `on`, `y`… for truth values and lets the last of two equal keys win
without a word. Here, as in YAML 1.2, only `true` and `false` are truth values; a repeated key is an error. So are
aliases, which a few lines could blow up into gigabytes, and nesting that would overrun the stack of the parser.
"""

import re
from collections.abc import Hashable
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # PyYAML built without libyaml: the same meaning, some ten times slower
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

MAX_DEPTH = 64
_BOOL = "tag:yaml.org,2002:bool"
_TRUTH = (_BOOL, re.compile("(?:true|True|TRUE|false|False|FALSE)\\Z"))
_OPENING = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken, yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)  # fmt: skip
_CLOSING = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


class _PlainLoader(_Base):
    """PyYAML's safe loader with the two differences that the module names."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML reads it from the class
        first: [_TRUTH if tag == _BOOL else (tag, pattern) for tag, pattern in found]
        for first, found in _Base.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """As PyYAML's, but a key that the mapping already has is an error, and so is one that is no plain word."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _error("a key is a list or a mapping, expected a word", key.start_mark)
            if key.value in seen:
                raise _error(f"the key `{key.value}` stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def parse(text: str) -> Any:
    """The value of one YAML document; `yaml.YAMLError` with line and column where the text is none.

    Raises ValueError where a value has the form of a date and is none, such as `2026-02-30`.
    """
    _refuse_bombs(text)
    return yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a safe loader with fewer meanings


def compose(text: str) -> yaml.Node | None:
    """The nodes of a text that `parse` reads, with their places."""
    found: yaml.Node | None = yaml.compose(text, Loader=_PlainLoader)
    return found


def _refuse_bombs(text: str) -> None:
    depth = 0
    for token in yaml.scan(text, Loader=_Base):
        if isinstance(token, yaml.AliasToken):
            raise _error("aliases are not supported here, write the value out", token.start_mark)
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if depth > MAX_DEPTH:
            raise _error(f"nested deeper than {MAX_DEPTH} levels", token.start_mark)


def _error(problem: str, mark: yaml.Mark) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, problem, mark)
