import asyncio
import json
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest

from scorers import registry as registry_module
from scorers.builtin.exact_hash import PLUGIN as EXACT_HASH
from scorers.builtin.keywords import PLUGIN as KEYWORDS
from scorers.content import Content
from scorers.function import scorer
from scorers.registry import Problem, Registry
from scorers.runner import Runner
from scorers.scorer import Cost, Flag, Plugin, Score, Scorer, Settings, SettingsError


class Nothing(Scorer):
    def __init__(self, settings, folder):
        self.outputs = {"text.nothing": Score(modality="text")}

    def score(self, batch):
        return [{"text.nothing": 0.0} for _ in batch]


def plugin(name="nothing", create=Nothing, **more):
    return Plugin(name, "1", "MIT", Cost.CPU, {"text.nothing": Score(modality="text")}, create, **more)


def problems(plugins, entries, folder=Path()):
    return Registry.of(plugins).configure(entries, folder).problems


def test_every_built_in_is_an_entry_point_and_loads():
    names = {entry.name for entry in entry_points(group="limen.scorers") if entry.dist.name == "limen"}
    registry = Registry.installed()
    assert {"keywords", "exact-hash"} <= names
    assert registry.problems == ()
    assert names <= set(registry.plugins)


def test_scorers_passed_by_hand_join_those_installed():
    registry = Registry.installed([plugin()])
    assert registry.sources["nothing"] == "python"
    assert set(Registry.installed().plugins) < set(registry.plugins)


def test_the_first_of_two_with_one_name_stays():
    first, second = plugin(), plugin()
    registry = Registry.of([first, second])
    assert registry.plugins["nothing"] is first
    assert registry.problems == (Problem("nothing", "python offers a second scorer `nothing`: that of python stays"),)


def entry(name, value):
    return EntryPoint(name, value, "limen.scorers")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "gone",
            "no_such_module_here:PLUGIN",
            "cannot be loaded from `no_such_module_here:PLUGIN`: ModuleNotFoundError",
        ),
        ("gone", "scorers.scorer:NOTHING", "cannot be loaded from `scorers.scorer:NOTHING`: AttributeError"),
        ("path", "pathlib:Path", "`pathlib:Path` of unknown is type, expected a `limen.Plugin`"),
        ("words", "scorers.builtin.keywords:PLUGIN", "holds a plugin named `keywords`"),
    ],
)
def test_a_broken_plugin_is_a_named_problem_and_the_others_load(monkeypatch, name, value, message):
    offered = [entry(name, value), entry("exact-hash", "scorers.builtin.exact_hash:PLUGIN")]
    monkeypatch.setattr(registry_module, "entry_points", lambda group: offered)
    registry = Registry.installed()
    assert list(registry.plugins) == ["exact-hash"]
    assert [problem.scorer for problem in registry.problems] == [name]
    assert message in registry.problems[0].message


def test_cards_say_what_there_is_to_know():
    cards = {card.name: card for card in Registry.of([KEYWORDS, plugin()]).describe()}
    card = cards["keywords"]
    assert list(cards) == ["keywords", "nothing"]
    assert (card.version, card.licence, card.cost, card.device, card.modalities) == (
        "1",
        "Apache-2.0",
        "cpu_light",
        "cpu",
        ("text",),
    )
    assert set(card.outputs) == {"keywords.<list>.match", "keywords.<list>.count"}
    assert set(card.settings) == {"lists", "prefix"}
    assert card.source == "python"


def test_a_card_says_what_is_judged_though_the_outputs_apply_to_everything():
    (card,) = Registry.of([EXACT_HASH]).describe()
    assert card.modalities == ("text", "image", "video", "audio")


def test_a_bare_name_is_a_scorer_without_settings():
    setup = Registry.of([plugin()]).configure({"n": "nothing"}, Path())
    assert (setup.scorers[0].name, setup.problems) == ("n", ())
    assert setup.outputs == {"text.nothing": Score(modality="text")}


@pytest.mark.parametrize(
    ("entry", "key", "message"),
    [
        ({"use": "noting"}, "use", "unknown scorer plugin `noting`: did you mean `nothing`?"),
        ({}, "use", "`use`: field required"),
        (3, "", "the settings of `n` are 3, expected `{use: PLUGIN, …}`"),
        ({"use": "nothing", "timout_ms": 5}, "timout_ms", "unknown setting `timout_ms`: did you mean `timeout_ms`?"),
        ({"use": "nothing", "timeout_ms": 0}, "timeout_ms", "`timeout_ms`: input should be greater than 0"),
        (
            {"use": "nothing", "xyz": 5},
            "xyz",
            "unknown setting `xyz` (known: batch, cache, calibration, max_wait_ms, queue, timeout_ms, use)",
        ),
        (
            {"use": "nothing", "calibration": {"text.nothin": [[0, 0], [1, 1]]}},
            "calibration.text.nothin",
            "unknown output `text.nothin`: did you mean `text.nothing`?",
        ),
        (
            {"use": "nothing", "calibration": {"text.nothing": [[0, 1], [1, 0]]}},
            "calibration.text.nothing",
            "`calibration.text.nothing`: a calibration is monotone, but `[1.0, 0.0]` follows `[0.0, 1.0]`",
        ),
    ],
)
def test_wrong_settings_are_problems_with_their_key(entry, key, message):
    assert problems([plugin()], {"n": entry}) == (Problem("n", message, key),)


def test_every_unknown_setting_is_told_in_one_run():
    assert len(problems([plugin()], {"n": {"use": "nothing", "a": 1, "b": 2}})) == 2


def test_one_bad_scorer_keeps_no_other_out():
    setup = Registry.of([plugin()]).configure({"bad": {"use": "x"}, "good": {"use": "nothing"}}, Path())
    assert [scorer.name for scorer in setup.scorers] == ["good"]


def test_an_output_belongs_to_one_scorer():
    (problem,) = problems([plugin()], {"one": "nothing", "two": "nothing"})
    assert problem.scorer == "two"
    assert "`text.nothing` is already given by the scorer `one`" in problem.message


def raising(error):
    def create(settings, folder):
        raise error

    return create


class Misnamed(Nothing):
    def __init__(self, settings, folder):
        self.outputs = {"Hate": Score()}


@pytest.mark.parametrize(
    ("create", "message"),
    [
        (raising(SettingsError("there is no list `a`", "lists.a")), "there is no list `a`"),
        (raising(RuntimeError("boom")), "the plugin `nothing@1` failed on its settings: RuntimeError: boom"),
        (lambda settings, folder: 3, "made int, which is no `limen.Scorer`"),
        (Misnamed, "has an output `Hate`, expected a dotted name"),
    ],
)
def test_a_plugin_that_cannot_be_made_is_a_problem(create, message):
    (problem,) = problems([plugin(create=create)], {"n": "nothing"})
    assert message in problem.message
    assert problem.severity == "error"


def test_warnings_of_a_scorer_do_not_keep_it_out():
    class Warned(Nothing):
        warnings = ("line 3 is odd",)

    setup = Registry.of([plugin(create=Warned)]).configure({"n": "nothing"}, Path())
    assert [scorer.name for scorer in setup.scorers] == ["n"]
    assert setup.problems == (Problem("n", "line 3 is odd", severity="warning"),)


def test_settings_reach_the_plugin_with_the_folder(tmp_path):
    class Pace(Settings):
        pace: int = 1

    seen = []

    def create(settings, folder):
        seen.append((settings.pace, folder))
        return Nothing(settings, folder)

    assert problems([plugin(create=create, settings=Pace)], {"n": {"use": "nothing", "pace": 3}}, tmp_path) == ()
    assert seen == [(3, tmp_path)]


def test_a_calibration_may_be_a_file_of_the_pack(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps([[0, 0.5], [1, 1]]))
    configured = Registry.of([plugin()]).configure(
        {"n": {"use": "nothing", "calibration": {"text.nothing": "c.json"}}}, tmp_path
    )
    assert configured.problems == ()
    assert asyncio.run(Runner(configured.scorers).run([Content(text="a")]))[0].values == {"text.nothing": 0.5}


@pytest.mark.parametrize("path", ["../c.json", "gone.json", "bad.json"])
def test_a_calibration_file_that_cannot_be_used_is_a_problem(tmp_path, path):
    folder = tmp_path / "pack"
    folder.mkdir()
    (tmp_path / "c.json").write_text("[[0, 0], [1, 1]]")
    (folder / "bad.json").write_text("{")
    (problem,) = problems([plugin()], {"n": {"use": "nothing", "calibration": {"text.nothing": path}}}, folder)
    assert problem.key == "calibration.text.nothing"


def test_only_a_score_can_be_calibrated():
    flag = scorer("flagged", outputs={"text.flag": Flag()}, modality="text")(lambda batch: [True for _ in batch])
    (problem,) = problems([flag], {"n": {"use": "flagged", "calibration": {"text.flag": [[0, 0], [1, 1]]}}})
    assert "is a flag: only a score can be calibrated" in problem.message


class Around(Scorer):
    """Gives what its part gives, under another name."""

    def __init__(self, part):
        self.part = part
        self.outputs = {f"around.{name.rpartition('.')[2]}": output for name, output in part.outputs.items()}

    def score(self, batch):
        return [
            {f"around.{name.rpartition('.')[2]}": value for name, value in row.items()}
            for row in self.part.scorer.score(batch)
        ]


class Of(Settings):
    judge: Any = "inner"


def around():
    inner = scorer("inner", outputs={"text.loud": Score()}, modality="text")(lambda texts: [0.5 for _ in texts])

    def create(settings, _folder, part):
        return Around(part("judge", settings.judge))

    outer = Plugin("around", "1", "MIT", Cost.CPU, {"around.<label>": Score()}, create, settings=Of, composite=True)
    return Registry.of([inner, outer])


def test_a_composite_is_made_of_other_scorers():
    (made,) = around().configure({"it": {"use": "around", "judge": {"use": "inner", "timeout_ms": 50}}}, Path()).scorers
    assert list(made.outputs) == ["around.loud"]
    assert made.scorer.score([Content(text="a")]) == [{"around.loud": 0.5}]
    assert (made.scorer.part.plugin.name, made.scorer.part.timeout) == ("inner", 0.05)


@pytest.mark.parametrize(
    ("judge", "key", "message"),
    [
        ("iner", "judge.use", "unknown scorer plugin `iner`: did you mean `inner`?"),
        ({"use": "inner", "batch": 0}, "judge.batch", "`batch`: input should be greater than 0"),
        (3, "judge", "expected `{use: PLUGIN, …}`"),
    ],
)
def test_what_is_wrong_with_a_part_is_told_with_its_key(judge, key, message):
    (problem,) = around().configure({"it": {"use": "around", "judge": judge}}, Path()).problems
    assert problem.key == key
    assert message in problem.message
