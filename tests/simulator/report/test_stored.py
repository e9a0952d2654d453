"""The JSON of a result: it comes back as it went, fits its published schema, and what is no result is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from simulator import report
from simulator.report.stored import ResultError, from_json, schema, to_json
from simulator.result import Bounds, Estimate
from tests.simulator.report.example import counted, example, hostile

SCHEMA = Path(report.__file__).parent / "result.schema.json"


@pytest.mark.parametrize("result", [example(), hostile()], ids=["example", "hostile"])
def test_a_result_comes_back_as_it_went(result):
    assert from_json(to_json(result)) == result


@pytest.mark.parametrize("result", [example(), hostile()], ids=["example", "hostile"])
def test_what_is_written_fits_the_published_schema(result):
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(
        json.loads(to_json(result))
    )


def test_the_schema_tells_a_result_from_something_else():
    data = json.loads(to_json(example()))
    data["quality"][0]["figure"]["a"]["kind"] = "guess"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(data)


def test_the_published_schema_is_that_of_the_dataclasses(golden):
    golden(SCHEMA, json.dumps(schema(), indent=1, ensure_ascii=False) + "\n")


def test_numbers_of_numpy_are_written_as_numbers():
    result = example()
    strange = replace(result, run=replace(result.run, rows=np.int64(7), level=np.float32(0.5)))
    run = json.loads(to_json(strange))["run"]
    assert (run["rows"], run["level"]) == (7, 0.5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "no JSON: "),
        ("[]", "`version` is `None`, expected 1"),
        ('{"version": 2}', "`version` is `2`, expected 1"),
        ('{"version": 1}', "`run`: field required"),
        (to_json(example()).replace('"kind": "estimate"', '"kind": "guess"', 1), "`changed.0.changed`: "),
    ],
)
def test_what_is_no_result_is_told(text, told):
    with pytest.raises(ResultError) as caught:
        from_json(text)
    assert str(caught.value).startswith(told)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong", [(0.5, 0.6, 0.7), (0.5, 0.1, 0.4), (float("nan"), 0.0, 1.0), (0.5, 0.0, float("inf"))]
)
def test_an_interval_that_does_not_hold_its_value_is_refused(wrong):
    with pytest.raises(ValueError, match=r"does not hold|finite"):
        Estimate(*wrong, "wilson", 3)


@pytest.mark.parametrize("wrong", [(0.5, 0.4), (0.0, float("inf")), (float("nan"), 1.0)])
def test_bounds_that_are_crossed_or_open_are_refused(wrong):
    with pytest.raises(ValueError, match="in order"):
        Bounds(*wrong, "manski", 3, "nobody looked")


def test_an_exact_figure_has_an_interval_of_no_width():
    assert counted(0.25).low == counted(0.25).high == 0.25
