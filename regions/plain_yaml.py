"""YAML text -> plain values, where `NO` is Norway and a key stands once.

YAML 1.1, which PyYAML reads, takes `NO`, `no`, `on`, `y`… for truth values and lets the last of two equal keys win
without a word. Here, as in YAML 1.2, only `true` and `false` are truth values; a repeated key is an error.
"""

import re
from collections.abc import Hashable
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # PyYAML built without libyaml: the same meaning, some ten times slower
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

_BOOL = "tag:yaml.org,2002:bool"
_TRUTH = (_BOOL, re.compile("true|True|TRUE|false|False|FALSE"))


class _PlainLoader(_Base):
    """PyYAML's safe loader with the two differences that the module names."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML reads it from the class
        first: [_TRUTH if tag == _BOOL else (tag, pattern) for tag, pattern in found]
        for first, found in _Base.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """As PyYAML's, but a key that the mapping already has is an error."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key `{key.value}` stands twice", key.start_mark
                )
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def parse(text: str) -> Any:
    """The value of one YAML document; `yaml.YAMLError` with line and column where the text is none."""
    return yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a safe loader with fewer meanings
