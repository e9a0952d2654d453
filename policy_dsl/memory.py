"""What was parsed and lowered before, by content: where a pack is loaded again, an edited file recompiles only itself.

The checks run over the whole pack all the same, for what one file says can be wrong in the light of another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from policy_dsl import nodes as n
from policy_dsl import program as p
from policy_dsl.env import Env
from policy_dsl.pack import MANIFEST, Pack
from policy_dsl.parser import Parsed, parse
from policy_dsl.source import Source


@dataclass
class Memory:
    """Not for several threads at once. Holds the last version of each file and policy."""

    parsed: dict[str, tuple[Source, Parsed]] = field(default_factory=dict)
    lowered: dict[str, tuple[n.Policy, str, p.Policy]] = field(default_factory=dict)

    def parse(self, source: Source) -> Parsed:
        known = self.parsed.get(source.path)
        if known is None or known[0].text != source.text:
            self.parsed[source.path] = known = (source, parse(source))
        return known[1]

    def lower(self, policy: n.Policy, context: str, make: Callable[[n.Policy], p.Policy]) -> p.Policy:
        """`context` is what the policy's program depends on beside its own text."""
        known = self.lowered.get(policy.name.text)
        if known is None or known[0] is not policy or known[1] != context:
            self.lowered[policy.name.text] = known = (policy, context, make(policy))
        return known[2]


def context_of(pack: Pack, env: Env) -> str:
    """A digest of the manifest, the inputs, the regions, and every file that defines something for the whole pack."""
    shared = [
        file.path
        for file in pack.files
        if any(not isinstance(item, (n.Policy, n.Test, n.Tests)) for item in file.items)
    ]
    texts = [f"{path}\0{pack.sources[path].text}" for path in (MANIFEST, *shared)]
    parts = [
        *texts,
        repr(sorted(env.inputs.items())),
        repr([env.tree.chain(code) for code in env.tree.codes]),
        repr(env.tree.groups),
    ]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
