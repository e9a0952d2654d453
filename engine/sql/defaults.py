"""`on missing` and `on error` in SQL (ruling R13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.sql.placed import Placed
from engine.sql.says import NOTHING, Says, Vocabulary, join
from engine.sql.terms import E, constant, every, has_any, opposite, some, truth
from engine.sql.views import View
from policy_dsl import program as p


@dataclass(frozen=True)
class Defaults:
    placed: Placed
    view: View
    words: Vocabulary

    def of(self, missing: E, wrong: E) -> Says:
        """What the missing inputs and an error bring."""
        found: list[Says] = []
        if constant(missing) != 0:
            for variant, here in self.placed.groups(lambda v: repr(v.on_missing)):
                found += self.missing(variant, missing, here)
        if constant(wrong) is not False:
            for variant, here in self.placed.groups(lambda v: repr(v.on_error)):
                found += self.in_force(variant.on_error, every([here, wrong]))[0]
        return join(found).named(self.view.layers) if found else NOTHING

    def missing(self, variant: p.Variant, missing: E, here: E) -> list[Says]:
        """Each missing input brings the one that names it, else the general one."""
        named = {item.input: item.defaults for item in variant.on_missing if item.input is not None}
        general = next(item.defaults for item in variant.on_missing if item.input is None)
        found: list[Says] = []
        passed_on: list[E] = []
        own = 0
        for name, defaults in named.items():
            bit = self.view.bits.index.get(name)
            if bit is None:  # the policy does not ask for it
                continue
            own |= 1 << bit
            said, rest = self.in_force(defaults, every([here, has_any(missing, 1 << bit)]))
            found += said
            passed_on.append(rest)
        every_bit = (1 << len(self.view.bits.index)) - 1
        others = has_any(missing, every_bit & ~own) if every_bit & ~own else truth(False)
        asked = self.view.layers.let("general", some([*passed_on, every([here, others])]))
        return found + self.in_force(general, asked)[0]

    def in_force(self, defaults: Sequence[p.Default], asked: E) -> tuple[list[Says], E]:
        """The first whose guard holds; before it those whose guard may hold. And whether none held."""
        found = []
        for default in defaults:
            answer = self.view.guard(default.guard)
            speaks = self.view.layers.let("speaks", every([asked, opposite(answer.fails)]))
            found.append(self.words.says(default.proposal).where(speaks))
            asked = self.view.layers.let("asked", every([asked, opposite(answer.holds)]))
        return found, asked
