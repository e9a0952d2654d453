"""`limen import`: odd forms are told in one message each; what it writes passes `check` and `test` in a pack with the names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limen.cli.threshold_form import FormError, read_form, rule_text
from policy_dsl.printer import format_source
from policy_dsl.source import Source
from tests.limen.packs import Run

MANIFEST = """
pack: imported
language: 1
enforcements: {allow: {}, label: {}, reduce: {}, remove: {}}
routes: {review: {}}
severities: {P2: {sla: 24h}}
groups: {nordic: [DK, SE]}
inputs:
  vendor.hate_speech: {type: score}
  vendor.b: {type: score}
  content.context: {type: enum, values: [none, news, public-interest], default: none}
"""


def form(**changes: object) -> str:
    return json.dumps({"policy": "a", "thresholds": {"remove": 0.9}} | changes)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "`-` is not JSON"),
        ('"x"', "policy 1: expected an object such as"),
        ("[{}, 5]", "policy 2: expected an object such as"),
        ('{"policy": "a", "policy": "b"}', "names the key `policy` twice"),
        ('{"policy": "a", "thresholds": {"remove": NaN}}', "`remove` is no number"),
        ('{"policy": "a", "thresholds": {"remove": 1e400}}', "`remove` is 1e+400, and scores lie in [0, 1]"),
        ('{"policy": "a", "thresholds": {"remove": 1e99999999999999999999}}', "is out of range"),
        ('{"thresholds": {"remove": 0.9}}', "`policy`: the key is missing"),
        (f"[{form()}, {form()}]", "two policies are named `a`"),
        (form(policy=7), "`policy`: expected a name, seen a number"),
        (form(policy="in"), "`in` is a word of the language and cannot be a name"),
        (form(policy="haß"), "`haß` is no name"),
        (form(policy="../a"), "`../a` is no name"),
        (form(thresholds={}), 'expected an object such as {"remove": 0.95}, seen an empty object'),
        (form(thresholds=[0.9]), "seen a list"),
        (form(thresholds={"remove": 0}), "is 0, which every content reaches"),
        (form(thresholds={"remove": -0.1}), "scores lie in [0, 1]"),
        (form(thresholds={"remove": 80}), "did you mean 0.8"),
        (form(thresholds={"remove": "0.9"}), "is a text, expected a number in [0, 1]"),
        (form(thresholds={"remove": True}), "is a truth value, expected a number in [0, 1]"),
        (form(thresholds={"remove": None}), "is null, expected a number in [0, 1]"),
        (form(thresholds={"remove now": 0.9}), "`remove now` is no name"),
        (form(regions=[]), "expected at least one region, seen an empty list"),
        (form(regions=None), "expected a list of names, seen null"),
        (form(regions={"DE": 1}), "expected a list of names, seen an object"),
        (form(exceptions=[1]), "expected a name, seen a number"),
        (form(actions={"remove": []}), "the effects of `remove` are an empty list"),
        (form(actions={"remove": {"x": None}}), "the effect `x` of `remove` is null"),
        (form(actions={"remove": {"x": [1]}}), "the effect `x` of `remove` is a list"),
        (form(actions={"remove": {"x y": 1}}), "`x y` is no name"),
        (form(actions={"remove": {"x": 2**64}}), "a number of more than 64 bits"),
        (form(exception=["news"]), "unknown key, did you mean `exceptions`"),
    ],
)
def test_an_odd_form_is_refused_in_words(run: Run, text: str, told: str) -> None:
    status, out, err = run("import", "-", stdin=text)
    assert (status, out) == (2, "")
    assert told in err
    assert "pydantic" not in err


def test_all_problems_are_told_at_once(run: Run) -> None:
    _, _, err = run("import", "-", stdin=form(policy="a b", thresholds={"remove": 95}, regions=[], extra=1))
    assert err.count("\n  policy 1, ") == 4


def test_what_is_written_checks_tests_and_is_in_canonical_form(run: Run, tmp_path: Path) -> None:
    (tmp_path / "limen.yaml").write_text(MANIFEST, encoding="utf-8")
    effects = {
        "notify_user": True,
        "note": 'a "b" \\ ü \n\t\x01 /',
        "days": 1e2,
        "change": -3.5,
        "count": 5,
        "empty": "",
    }
    hate = {
        "policy": "hate-speech",
        "thresholds": {"remove": 1, "reduce": 0.9, "review": 0.000001},
        "exceptions": ["news", "public-interest", "news"],
        "actions": {"remove": effects, "label": {}},
    }
    other = {"policy": "b", "thresholds": {"remove": 0.95, "label": 0.5}, "regions": ["nordic", "DE", "DE"]}
    status, _, err = run("import", "-", "--output", tmp_path, stdin=json.dumps([hate, other]))
    assert status == 0
    assert "  vendor.hate_speech: {type: score}\n" in err
    assert "  content.context: {type: enum, values: [none, news, public-interest], default: none}\n" in err
    assert run("check", tmp_path, "--strict") == (0, f"{tmp_path}: 2 policies, no errors\n", "")
    assert run("fmt", "--check", tmp_path) == (0, "", "")
    status, out, _ = run("test", tmp_path, "--coverage")
    assert (status, out.splitlines()[-1]) == (0, "5 of 5 rungs tested at their boundary")
    bundle = run("bundle", tmp_path, "--output", "-")[1]
    assert all(
        json.dumps(value).strip('"') in json.loads(bundle)["program"].replace("\\\\", "\\")
        for value in (True, "days", 100, -3.5, 5)
    )


def test_a_file_that_is_there_stays(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.limen").write_text("mine", encoding="utf-8")
    text = json.dumps([json.loads(form(policy="b")), json.loads(form())])
    status, out, err = run("import", "-", "--output", tmp_path, stdin=text)
    assert (status, out, err) == (2, "", f"limen: `{tmp_path / 'a.limen'}` exists: nothing was written\n")
    assert not (tmp_path / "b.limen").exists()
    status, _, err = run("import", "-", "--output", tmp_path / "a.limen" / "x", stdin=form())
    assert status == 2
    assert "cannot write into" in err


@pytest.mark.parametrize("option", ["--score", "--context"])
@pytest.mark.parametrize("value", ["a b", "{foo}.x", "alone", "", "a..b"])
def test_names_given_as_options_are_checked(run: Run, option: str, value: str) -> None:
    status, _, err = run("import", "-", option, value, stdin=form())
    assert (status, err) == (2, f"limen: {option}: `{value}` is no input's name, expected words joined by dots\n")


def test_of_actions_at_one_threshold_only_the_manifest_knows_the_stronger(run: Run) -> None:
    _, out, _ = run("import", "-", stdin=form(thresholds={"remove": 0.9, "label": 0.9, "review": 0.5}))
    rows = [line.split("|")[1:] for line in out.splitlines() if line.count("|") == 2]
    assert [[cell.strip() for cell in row] for row in rows[1:]] == [
        ["0.5", "review"],
        ["0.899999", "review"],
        ["0.499999", "allow"],
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["policy", "regions", "thresholds", "exceptions", "actions"])
NAMES = st.sampled_from(["a", "hate-speech", "in", "x y", "", "É"])
FORMS = st.fixed_dictionaries(
    {},
    optional={
        "policy": NAMES | JSON,
        "regions": st.lists(NAMES, max_size=3) | JSON,
        "thresholds": st.dictionaries(NAMES, st.decimals(0, 1, places=6) | JSON, max_size=3) | JSON,
        "exceptions": st.lists(NAMES, max_size=3) | JSON,
        "actions": st.dictionaries(NAMES, st.dictionaries(NAMES, JSON, max_size=3) | JSON, max_size=3) | JSON,
    },
)


@settings(max_examples=200)
@given(FORMS | st.lists(FORMS | JSON, max_size=3) | st.dictionaries(KEYS | st.text(max_size=8), JSON))
def test_any_json_is_refused_or_becomes_a_rule_file(data: object) -> None:
    try:
        policies = read_form(data)
    except FormError as error:
        assert str(error)
        return
    for policy in policies:
        text = rule_text(policy, "vendor.x", "content.context")
        assert format_source(Source("x.limen", text))
