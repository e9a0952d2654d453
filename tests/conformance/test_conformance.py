"""The language's meaning as data: every `*.yaml` beside this file holds packs, records and what must come out.

No case knows Python: another implementation can read the same files. Each case has `name`, `rule` (the rulings and
commitments it tests), `files` (one rule text, or texts by file name), maybe a `manifest` that is laid over
`manifest.yaml` (null takes a key away), and one or more of

    records   raw records as in the interface, each with `expect`: a mapping that every decision about the record meets, or
              a list of mappings, one per decision. Only what is written is compared. Routes and sanctions are names, or
              mappings of what matters (`{route: review, priority: P1}`); there must be as many as listed. `policies`
              maps names to what their entries say.
    refused   the codes of the errors for which the pack must not load (`[]`: whatever the code)
    reports   the codes of warnings and notes that must be among the findings of a pack that loads
    silent    codes that must not be among them
    tests     how the pack's own tests end: their titles, by `passed` and `failed`
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.decision import Outcome
from engine.engine import Engine
from engine.load import LoadedPack, load_pack
from engine.loader import Loaded
from engine.packtests import run_tests
from engine.rendering import Decision
from policy_dsl.program import Program
from regions.load import load_regions
from scorers.registry import Registry

HERE = Path(__file__).parent
MANIFEST = yaml.safe_load((HERE / "manifest.yaml").read_text(encoding="utf-8"))
EVALUATORS = ("reference", "scalar") if importlib.util.find_spec("engine.scalar") else ("reference",)
KEYS = {"name", "rule", "manifest", "files", "records", "refused", "reports", "silent", "tests"}
ASSERTIONS = KEYS - {"name", "rule", "manifest", "files"}


@dataclass(frozen=True)
class Case:
    """`root` tells cases apart: the file and the name."""

    file: str
    data: Mapping[str, Any]

    @property
    def title(self) -> str:
        return f"{self.file}: {self.data['name']}"


def read_cases() -> Iterator[Case]:
    for path in sorted(HERE.glob("*.yaml")):
        if path.name != "manifest.yaml":
            for data in yaml.safe_load(path.read_text(encoding="utf-8")):
                yield Case(path.stem, data)


CASES = tuple(read_cases())


def having(key: str) -> list[Any]:
    return [pytest.param(case, id=case.title) for case in CASES if key in case.data]


def laid_over(base: Any, top: Any) -> Any:
    """Mappings key by key; null takes a key away."""
    if isinstance(base, dict) and isinstance(top, dict):
        merged = {**base, **{key: laid_over(base.get(key), value) for key, value in top.items()}}
        return {key: value for key, value in merged.items() if value is not None}
    return top


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A case's pack as a folder, written once."""

    @cache
    def written(title: str) -> Path:
        data = next(case.data for case in CASES if case.title == title)
        root = tmp_path_factory.mktemp("pack")
        manifest = laid_over(MANIFEST, data.get("manifest", {}))
        (root / "limen.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")
        files = data["files"] if isinstance(data["files"], dict) else {"rules.limen": data["files"]}
        for name, text in files.items():
            (root / name).write_text(text, encoding="utf-8")
        return root

    return written


@pytest.fixture(scope="module")
def loaded(pack: Any) -> Any:
    tree = load_regions()
    return cache(lambda title: load_pack(pack(title), Registry.of(()), tree))


@dataclass(frozen=True)
class Ready:
    """A loader whose pack is compiled already, so that each case compiles once, not once an evaluator."""

    program: Program

    def load(self) -> Loaded:
        return Loaded(self.program, "sha256:0", ())


@pytest.fixture(scope="module")
def engines(loaded: Any) -> Any:
    return cache(lambda title, name: Engine(Ready(loaded(title).compiled.program), name))  # type: ignore[arg-type]


def told(found: LoadedPack) -> str:
    return "\n".join(f"{d.code} {d.severity}: {d.message}" for d in found.compiled.diagnostics) or "no finding"


def codes(found: LoadedPack, *severities: str) -> set[str]:
    return {d.code for d in found.compiled.diagnostics if str(d.severity) in severities}


@pytest.mark.parametrize("case", [pytest.param(case, id=case.title) for case in CASES])
def test_well_formed(case: Case) -> None:
    assert set(case.data) <= KEYS
    assert {"name", "rule", "files"} <= set(case.data)
    assert ASSERTIONS & set(case.data), "the case asserts nothing"
    assert all("expect" in record for record in case.data.get("records", ()))


def test_titles_are_distinct() -> None:
    assert len({case.title for case in CASES}) == len(CASES)


def test_every_ruling_and_commitment_has_a_case() -> None:
    tested = {rule for case in CASES for rule in case.data["rule"].split()}
    wanted = {f"R{number}" for number in range(1, 23)} | {f"S{number}" for number in range(1, 13)}
    assert wanted - tested == set()


@pytest.mark.parametrize("evaluator", EVALUATORS)
@pytest.mark.parametrize("case", having("records"))
def test_decisions(case: Case, evaluator: str, loaded: Any, engines: Any) -> None:
    assert loaded(case.title).compiled.program is not None, told(loaded(case.title))
    engine = engines(case.title, evaluator)
    for number, record in enumerate(case.data["records"], 1):
        raw = {key: value for key, value in record.items() if key != "expect"}
        decisions = engine.decide_record(raw)
        seen = [decision.to_dict() for decision in decisions]
        expected = record["expect"]
        wanted = expected if isinstance(expected, list) else [expected] * len(seen)
        assert len(seen) == len(wanted), f"record {number}: {len(seen)} decisions"
        for got, want in zip(seen, wanted, strict=True):
            problems = list(mismatches(got, want))
            assert not problems, f"record {number} in {got['region']}: " + "; ".join(problems) + f"\n{raw}\n{got}"


@pytest.mark.skipif(len(EVALUATORS) < 2, reason="there is one evaluator")
@pytest.mark.parametrize("case", having("records"))
def test_evaluators_agree(case: Case, engines: Any) -> None:
    """In everything that an outcome holds but the policies' own verdicts, which an evaluator may leave to be asked for."""
    for record in case.data["records"]:
        raw = {key: value for key, value in record.items() if key != "expect"}
        first, *others = (engines(case.title, name).decide_record(raw) for name in EVALUATORS)
        for other in others:
            assert list(map(joined, other)) == list(map(joined, first)), raw


def joined(decision: Decision) -> Outcome:
    return replace(decision.outcome, verdicts=())


@pytest.mark.parametrize("case", having("refused"))
def test_refused(case: Case, loaded: Any) -> None:
    found = loaded(case.title)
    assert found.compiled.program is None, "the pack loads"
    assert set(case.data["refused"]) <= codes(found, "error"), told(found)


@pytest.mark.parametrize("case", having("reports"))
def test_reports(case: Case, loaded: Any) -> None:
    found = loaded(case.title)
    assert found.compiled.program is not None, told(found)
    assert set(case.data["reports"]) <= codes(found, "warning", "note"), told(found)


@pytest.mark.parametrize("case", having("silent"))
def test_silent(case: Case, loaded: Any) -> None:
    found = loaded(case.title)
    assert not set(case.data["silent"]) & codes(found, "error", "warning", "note"), told(found)


@pytest.mark.parametrize("case", having("tests"))
def test_own_tests(case: Case, loaded: Any) -> None:
    found = loaded(case.title)
    assert found.compiled.program is not None, told(found)
    results, _ = run_tests(found.pack.items, found.compiled.program, found.env)
    failed = {result.case.title for result in results if result.problem}
    passed = {result.case.title for result in results} - failed
    shown = [f"{result.case.title}: {result.problem}" for result in results]
    assert failed == set(case.data["tests"].get("failed", ())), shown
    assert passed == set(case.data["tests"].get("passed", ())), shown


def mismatches(got: Mapping[str, Any], want: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """What of `want` a decision, or one policy's entry, does not meet."""
    for key, wanted in want.items():
        seen = got.get(key)
        if key == "policies":
            yield from policy_mismatches(seen or (), wanted)
        elif key in ("routes", "sanctions"):
            if not same_members(seen or (), wanted, key[:-1]):
                yield f"{where}{key}: expected {wanted}, seen {seen}"
        elif seen != wanted or type(seen) is not type(wanted):
            yield f"{where}{key}: expected {wanted!r}, seen {seen!r}"


def policy_mismatches(seen: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]) -> Iterator[str]:
    entries = {entry["policy"]: entry for entry in seen}
    for name, want in wanted.items():
        if (name in entries) != (want is not None):
            yield f"policy {name}: {'not there' if want is not None else 'there'}"
        elif want is not None:
            yield from mismatches(entries[name], want, f"policy {name}, ")


def same_members(seen: Sequence[Any], wanted: Sequence[Any], what: str) -> bool:
    """Each wanted one is met by another seen one, in some order, and none is left over."""
    rest = list(seen)
    for want in wanted:
        hit = next((item for item in rest if meets(item, want, what)), None)
        if hit is None:
            return False
        rest.remove(hit)
    return not rest


def meets(item: Any, want: Any, what: str) -> bool:
    if isinstance(item, str) or isinstance(want, str):
        return (item if isinstance(item, str) else item[what]) == want
    return all(item.get(key) == value for key, value in want.items())
