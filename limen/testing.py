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

from limen.samples import FILM, HOSTILE_MEDIA, HOSTILE_TEXTS, ORDINARY, PIXEL, SOUND
from scorers.content import Content, Media, Modality
from scorers.registry import Configured, Registry
from scorers.runner import Runner
from scorers.scorer import Kind, Missing, Output, Plugin, Prepared, Row, StagedScorer, Value, modalities
from scorers.values import to_micro, value_in

__all__ = ["FILM", "HOSTILE_MEDIA", "HOSTILE_TEXTS", "ORDINARY", "PIXEL", "SOUND", "ScorerContract", "check_scorer"]


class ScorerContract:
    """What every scorer must hold to. Set `plugin`, and `settings` and `folder` if it needs some.

    `contents` are what it is tried on, beside hostile texts and media; add such as make your scorer say something.
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
        judged = scorer.plugin.judges or modalities(scorer.outputs)
        for name, text in HOSTILE_TEXTS.items() if Modality.TEXT in judged or not judged else ():
            content = Content(id=name, text=text)
            (row,) = _rows(scorer, [content])
            _assert_row(scorer, content, row)

    def test_it_survives_hostile_media(self) -> None:
        scorer = self.make()
        for key, modality in (("images", Modality.IMAGE), ("videos", Modality.VIDEO), ("audio", Modality.AUDIO)):
            if modality in (scorer.plugin.judges or modalities(scorer.outputs)):
                for name, data in HOSTILE_MEDIA.items():
                    self._survives(scorer, _with_media(name, key, Media(data=data)))
                self._survives(scorer, _with_media("a file that is not there", key, Media(path=Path("no/such/file"))))

    def _survives(self, scorer: Configured, hostile: Content) -> None:
        """A medium that cannot be judged gives `Missing`, and those beside it in a batch what they give alone."""
        neighbours = _judged(scorer, self.contents)[:2]
        _assert_row(scorer, hostile, _rows(scorer, [hostile])[0])
        among = _rows(scorer, [*neighbours[:1], hostile, *neighbours[1:]])
        for content, row, alone in zip(neighbours, (among[0], among[-1]), _rows(scorer, neighbours), strict=False):
            self._assert_same(scorer, content, row, alone, f"with and without {hostile.id} beside it")

    def test_its_stages_agree_with_its_score(self) -> None:
        scorer = self.make()
        staged = scorer.scorer
        if not isinstance(staged, StagedScorer):
            return
        batch = _judged(scorer, self.contents)
        assert list(staged.prepare([])) == [], "nothing to prepare gives nothing"
        together, alone = staged.prepare(batch), [staged.prepare([content])[0] for content in batch]
        for content, one, two in zip(batch, together, alone, strict=True):
            _assert_prepared(content, one, two)
        ready = [(content, one) for content, one in zip(batch, alone, strict=True) if isinstance(one, Prepared)]
        turned = staged.infer([one for _, one in reversed(ready)]) if ready else []
        inferred = {id(content): row for (content, _), row in zip(reversed(ready), turned, strict=True)}
        for content, one, row in zip(batch, together, _rows(scorer, batch), strict=True):
            other = one if isinstance(one, Missing) else inferred[id(content)]
            self._assert_same(scorer, content, row, other, "by `score` and by `prepare` and `infer`")

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


def _with_media(name: str, key: str, medium: Media) -> Content:
    media: dict[str, Any] = {key: (medium,)}
    return Content(id=name, text="a caption", **media)


def _assert_prepared(content: Content, together: Any, alone: Any) -> None:
    for one in (together, alone):
        assert isinstance(one, Prepared | Missing), f"`{content.id}` is prepared as {type(one).__name__}"
        assert isinstance(one, Missing) or one.size >= 1, f"`{content.id}` has the size {one.size}, expected 1 or more"
    sizes = [one.size if isinstance(one, Prepared) else None for one in (together, alone)]
    assert sizes[0] == sizes[1], f"`{content.id}` has the size {sizes[0]} in a batch and {sizes[1]} alone"


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
