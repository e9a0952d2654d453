"""The contract of a scorer, as tests: inherit from `ScorerContract` in a pytest suite, or call `check_scorer`.

from limen.testing import ScorerContract

class TestShouting(ScorerContract):
    plugin = shouting
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from scorers.content import Content, Media
from scorers.registry import Configured, Registry
from scorers.runner import Runner
from scorers.scorer import Kind, Missing, Output, Plugin, Row, Value
from scorers.values import to_micro, value_in

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63680000008200810b0b5c780000000049454e44ae426082"
)

ORDINARY = (
    Content(id="plain", text="The meeting is moved to Thursday, see you there.", language="en"),
    Content(id="loud", text="BUY NOW!!! Free money, call 555-1234", language="en"),
    Content(id="german", text="Sch\u00f6ne Gr\u00fc\u00dfe aus Z\u00fcrich", language="de"),
    Content(
        id="hindi", text="\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", language="hi"
    ),
    Content(id="chinese", text="\u4f60\u597d\uff0c\u4e16\u754c", language="zh"),
    Content(
        id="arabic", text="\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", language="ar"
    ),
    Content(id="picture", images=(Media(data=PIXEL),)),
    Content(id="both", text="a picture", images=(Media(data=PIXEL), Media(data=PIXEL)), tags=("art",)),
    Content(id="facts", text="x", facts=MappingProxyType({"author.age_days": 3, "author.strikes": 0})),
)

HOSTILE_TEXTS = MappingProxyType(
    {
        "empty": "",
        "blank": " \t\r\n\u2028\u00a0",
        "one megabyte": "All work and no play. " * 47_663,
        "one word of one megabyte": "a" * 1_048_576,
        "emoji": "\U0001f44d\U0001f3fd\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1e9\U0001f1ea\u2764\ufe0f",
        "right to left": "\u202eabc\u202c \u05e9\u05dc\u05d5\u05dd \u200fabc\u2067def\u2069",
        "controls": "".join(map(chr, range(32))) + "\x7f\x85\u0000",
        "lone surrogates": "a\ud800b\udfff\udc00c",
        "stacked marks": "Z" + "\u0351\u036b\u0343\u036a" * 500 + "algo",
        "unassigned": "\u0378\ufffe\uffff\U000e0fff\U0010ffff",
        "markup": "<script>alert('%s %n {0} ${x}')</script>\\'\"; DROP TABLE posts; --",
    }
)


class ScorerContract:
    """What every scorer must hold to. Set `plugin`, and `settings` and `folder` if it needs some.

    `contents` are what it is tried on, beside the hostile texts; add such as make your scorer say something.
    `tolerance` is how far, in [0, 1], a score may differ between a batch and its members: batched floating-point
    arithmetic may need 1e-6, everything else is 0.
    """

    plugin: ClassVar[Plugin]
    settings: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    folder: ClassVar[Path] = Path()
    contents: ClassVar[Sequence[Content]] = ORDINARY
    tolerance: ClassVar[float] = 0.0

    def make(self) -> Configured:
        """Configure the scorer from its settings and load it."""
        entry = {"use": self.plugin.name, **self.settings}
        setup = Registry.of([self.plugin]).configure({"it": entry}, self.folder)
        errors = [problem for problem in setup.problems if problem.severity == "error"]
        assert not errors, f"the settings are refused: {errors}"
        setup.scorers[0].scorer.load()
        return setup.scorers[0]

    def test_its_card_is_complete(self) -> None:
        assert self.plugin.version, "a plugin has a version: decisions name it"
        assert self.plugin.licence, "a plugin has a licence, as an SPDX expression"
        assert self.plugin.outputs, "a plugin names its outputs"

    def test_its_outputs_are_those_of_its_card(self) -> None:
        for name, output in self.make().outputs.items():
            kinds = [card.kind for pattern, card in self.plugin.outputs.items() if _fits(pattern, name)]
            assert output.kind in kinds, f"`{name}` ({output.kind}) stands on no card: {sorted(self.plugin.outputs)}"

    def test_it_refuses_unknown_settings(self) -> None:
        entry = {"use": self.plugin.name, **self.settings, "no_such_setting_at_all": 1}
        setup = Registry.of([self.plugin]).configure({"it": entry}, self.folder)
        assert setup.problems, 'an unknown setting must be refused: inherit from `Settings`, or set `extra="forbid"`'

    def test_nothing_in_gives_nothing_out(self) -> None:
        assert list(_rows(self.make(), [])) == [], "an empty batch has no rows"

    def test_it_gives_what_it_declares(self) -> None:
        scorer = self.make()
        batch = _judged(scorer, self.contents)
        for content, row in zip(batch, _rows(scorer, batch), strict=True):
            _assert_row(scorer, content, row)

    def test_it_gives_values(self) -> None:
        scored = asyncio.run(Runner([self.make()]).run(self.contents))
        given = {name for result in scored for name in result.values}
        assert given == set(self.make().outputs), (
            f"no value for any content: {sorted(set(self.make().outputs) - given)}"
        )

    def test_a_batch_is_its_members(self) -> None:
        scorer = self.make()
        batch = _judged(scorer, self.contents)
        together = _rows(scorer, batch)
        for content, row, turned in zip(batch, together, reversed(_rows(scorer, batch[::-1])), strict=True):
            (alone,) = _rows(scorer, [content])
            self._assert_same(scorer, content, row, alone, "alone and in a batch")
            self._assert_same(scorer, content, row, turned, "in a batch and in the same batch reversed")

    def test_it_survives_hostile_texts(self) -> None:
        scorer = self.make()
        for name, text in HOSTILE_TEXTS.items():
            content = Content(id=name, text=text)
            (row,) = _rows(scorer, [content])
            _assert_row(scorer, content, row)

    def test_it_says_the_same_again(self) -> None:
        first, second = self.make(), self.make()
        batch = _judged(first, self.contents)
        for again in (first, second):
            for content, row, other in zip(batch, _rows(first, batch), _rows(again, batch), strict=True):
                self._assert_same(first, content, row, other, "once and once more")

    def test_it_may_be_called_from_many_threads(self) -> None:
        scorer = self.make()
        batch = _judged(scorer, self.contents)
        expected = _rows(scorer, batch)
        with ThreadPoolExecutor(4) as threads:
            for rows in threads.map(lambda _: _rows(scorer, batch), range(12)):
                for content, row, other in zip(batch, expected, rows, strict=True):
                    self._assert_same(scorer, content, row, other, "in one thread and in many")

    def test_its_results_are_json(self) -> None:
        for scored in asyncio.run(Runner([self.make()]).run(self.contents)):
            values = dict(scored.values)
            assert json.loads(json.dumps(values, allow_nan=False)) == values

    def test_its_evidence_lies_in_the_text(self) -> None:
        scorer = self.make()
        for content in (*self.contents, *(Content(text=text) for text in HOSTILE_TEXTS.values())):
            for evidence in scorer.scorer.evidence(content):
                assert evidence.output in scorer.outputs, f"evidence for `{evidence.output}`, which is no output"
                assert 0 <= evidence.start < evidence.end <= len(content.text or ""), (
                    f"{evidence} lies outside the text"
                )

    def _assert_same(self, scorer: Configured, content: Content, row: Row, other: Row, when: str) -> None:
        for name, output in scorer.outputs.items():
            if output.applies_to(content):
                one, two = value_in(row, name, output), value_in(other, name, output)
                assert _close(one, two, output, self.tolerance), (
                    f"`{name}` of `{content.id}` is {one} and {two}, {when}"
                )


def check_scorer(
    plugin: Plugin,
    settings: Mapping[str, Any] = MappingProxyType({}),
    folder: Path = Path(),
    contents: Sequence[Content] = ORDINARY,
    tolerance: float = 0.0,
) -> None:
    """Run the whole contract without pytest. Raises AssertionError, which says what is wrong."""
    members = {"plugin": plugin, "settings": settings, "folder": folder, "contents": contents, "tolerance": tolerance}
    contract = type("Contract", (ScorerContract,), members)()
    for name in vars(ScorerContract):
        if name.startswith("test_"):
            getattr(contract, name)()


def _fits(pattern: str, name: str) -> bool:
    """Say whether an output has the name on a card, where `<part>` stands for one part, `<part…>` for one or several."""
    several = re.sub(r"<[^>]+…>", r"[^.]+(\\.[^.]+)*", pattern.replace(".", r"\."))
    return re.fullmatch(re.sub(r"<[^>]+>", "[^.]+", several), name) is not None


def _rows(scorer: Configured, batch: Sequence[Content]) -> Sequence[Row]:
    given: Any = scorer.scorer.score(batch)
    return asyncio.run(_awaited(given)) if asyncio.iscoroutine(given) else given


async def _awaited(given: Any) -> Any:
    return await given


def _judged(scorer: Configured, contents: Sequence[Content]) -> list[Content]:
    """Return the contents that the runner would hand to the scorer."""
    return [content for content in contents if any(output.applies_to(content) for output in scorer.outputs.values())]


def _assert_row(scorer: Configured, content: Content, row: Row) -> None:
    if isinstance(row, Missing):
        return
    strange = set(row) - set(scorer.outputs)
    assert not strange, f"`{content.id}`: {sorted(strange)} is given but not declared"
    for name, output in scorer.outputs.items():
        if output.applies_to(content):
            assert name in row, (
                f"`{content.id}`: `{name}` is declared but not given; give `Missing(reason)` where there is none"
            )
            value = value_in(row, name, output)
            said = isinstance(row[name], Missing)
            assert said or not isinstance(value, Missing), f"`{content.id}`: `{name}`: {value}"


def _close(one: Value | Missing, two: Value | Missing, output: Output, tolerance: float) -> bool:
    if output.kind is Kind.SCORE and not isinstance(one, Missing | str) and not isinstance(two, Missing | str):
        return abs(to_micro(one) - to_micro(two)) <= to_micro(tolerance)
    return type(one) is type(two) and one == two
