"""The official cases of CEL, run through the generated code; which differ and why is in `conformance_exceptions.yaml`."""

from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from policy_dsl.cel.check import check
from policy_dsl.cel.interpret import interpret
from policy_dsl.cel.lowering import to_function
from policy_dsl.cel.partial import Err
from policy_dsl.cel.types import DYN, type_of_value
from policy_dsl.cel.values import CelError, CelMap, equal
from tests.cel.conformance.cases import Case, cases, needs_data
from tests.cel.strategies import same

HERE = Path(__file__).parent.parent
ALL = 1_057


@pytest.fixture(scope="module")
def every() -> list[Case]:
    return list(cases())


def exceptions() -> dict[str, str]:
    return yaml.safe_load((HERE / "conformance_exceptions.yaml").read_text(encoding="utf-8"))


def refusals() -> dict[str, list[str]]:
    return yaml.safe_load((HERE / "profile_refusals.yaml").read_text(encoding="utf-8"))


def right(case: Case, result: object) -> bool:
    if case.want is None:
        return isinstance(result, Err)
    wanted = case.want[0]
    return equal(wanted, result) if isinstance(wanted, CelMap) and isinstance(result, CelMap) else same(wanted, result)


def run(case: Case, *, typed: bool, fold: bool) -> object:
    types = {name: type_of_value(value) if typed else DYN for name, value in case.inputs.items()}
    try:
        return to_function(case.expr, types, fold=fold)(case.inputs)
    except CelError as error:
        return Err(str(error))


@needs_data
@pytest.mark.parametrize("typed", [False, True], ids=["untyped", "typed"])
@pytest.mark.parametrize("fold", [False, True], ids=["at run time", "folded"])
def test_the_cases_run_right_but_for_the_listed_ones(every, typed, fold):
    wrong = {case.name for case in every if not right(case, run(case, typed=typed, fold=fold))}
    assert len(every) == ALL
    assert wrong == set(exceptions())
    assert ALL - len(wrong) >= 1_051


@needs_data
def test_the_interpreter_runs_the_same_cases_right(every):
    wrong = {case.name for case in every if not right(case, interpret(case.expr, case.inputs.__getitem__))}
    assert wrong == set(exceptions())


@needs_data
def test_few_cases_are_written_with_escapes(every):
    """A rule file is plain text: what these cases write as raw control characters is written as escapes in it."""
    assert sum(case.escaped for case in every) == 25


def findings(case: Case, *, profile: bool) -> list[str]:
    types = {name: type_of_value(value) for name, value in case.inputs.items()}
    return sorted({finding.code for finding in check(case.expr, types, profile=profile, expect=None)[1]})


@needs_data
def test_what_the_profile_refuses_is_listed(every):
    refused = defaultdict(list)
    for case in every:
        if case.want is not None and case.checked:
            for code in findings(case, profile=True):
                refused[code].append(case.name)
    assert dict(refused) == refusals()


@needs_data
def test_without_the_profile_the_check_refuses_no_case_that_has_a_value(every):
    """But for a text that never converts, and what only the unchecked cases use."""
    assert [
        case.name for case in every if case.want is not None and case.checked and findings(case, profile=False)
    ] == []
