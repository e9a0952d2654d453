"""The edge: YAML as people mean it, keys that must be known."""

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from regions import Regime, RegionSpec
from regions.plain_yaml import parse


def test_norway_is_a_country():
    assert parse("nordic: [NO, SE, on, y, Yes]") == {"nordic": ["NO", "SE", "on", "y", "Yes"]}


def test_the_rest_is_plain_yaml():
    from datetime import date

    text = "{a: true, b: false, c: null, d: 1, e: 1.5, f: 2026-01-01, g: x}"
    assert parse(text) == {"a": True, "b": False, "c": None, "d": 1, "e": 1.5, "f": date(2026, 1, 1), "g": "x"}


def test_a_repeated_key_is_an_error_with_its_place():
    with pytest.raises(yaml.YAMLError, match="the key `US-CA` stands twice") as caught:
        parse("US-CA: {parent: US}\nUS-CA: {parent: DE}")
    assert caught.value.problem_mark.line == 1


def test_equal_keys_of_two_mappings_are_none():
    assert parse("a: {x: 1}\nb: {x: 2}") == {"a": {"x": 1}, "b": {"x": 2}}


def test_nothing_but_plain_values_is_built():
    with pytest.raises(yaml.YAMLError):
        parse("!!python/object/apply:os.getcwd []")


def test_a_manifest_reads_specs_and_refuses_unknown_keys():
    adapter = TypeAdapter(dict[str, RegionSpec])
    assert adapter.validate_python({"US-CA": {"parent": "US", "languages": ["en"]}}) == {
        "US-CA": RegionSpec("US", languages=("en",))
    }
    with pytest.raises(ValidationError, match="langages"):
        adapter.validate_python({"US-CA": {"parent": "US", "langages": ["en"]}})


def test_the_tree_file_refuses_unknown_keys():
    from regions.load import _TreeFile

    sections = {"sources": {}, "regions": {}, "groups": {}, "aliases": {}}
    assert _TreeFile.model_validate(sections)
    with pytest.raises(ValidationError, match="regons"):
        _TreeFile.model_validate(sections | {"regons": {}})


def test_a_regime_file_refuses_unknown_and_missing_keys(tree):
    regime = tree.all_regimes[0]
    stated = {key: getattr(regime, key) for key in Regime.__slots__}
    adapter = TypeAdapter(Regime)
    assert adapter.validate_python(stated) == regime
    with pytest.raises(ValidationError, match="deadline_days"):
        adapter.validate_python(stated | {"deadline_days": 1})
    with pytest.raises(ValidationError, match="in_force_until"):
        adapter.validate_python({key: value for key, value in stated.items() if key != "in_force_until"})


def test_a_word_that_begins_like_a_truth_value_is_a_word() -> None:
    assert parse("[trueish, 'true', true, falsehood]") == ["trueish", "true", True, "falsehood"]
