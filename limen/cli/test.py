"""`limen test PACK`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal
from xml.etree import ElementTree as ET

import typer

from engine.load import LoadedPack
from engine.packtests import Boundary, Result, run_tests
from limen.cli.errors import CannotError
from limen.cli.packs import load, show


def run(
    pack: Annotated[Path, typer.Argument(metavar="PACK", help="The pack's folder.")],
    format: Annotated[Literal["text", "json", "junit"], typer.Option(help="How results are written.")] = "text",
    *,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Which rungs are tested at their boundary; status 1 where one is not.")
    ] = False,
) -> None:
    """Run the pack's own tests. Status 1 where an expectation fails."""
    loaded = load(pack)
    program, env = loaded.compiled.program, loaded.env
    if program is None or env is None:
        show(loaded.compiled.diagnostics, loaded.pack.sources, "text", err=True)
        raise CannotError(f"the pack `{pack}` has errors and cannot be tested")
    results, boundaries = run_tests(loaded.pack.items, program, env)
    writers = {"text": _text, "json": _json, "junit": _junit}
    typer.echo(writers[format](loaded, results, boundaries if coverage else ()))
    if any(result.problem for result in results) or (coverage and any(item.lacks for item in boundaries)):
        raise typer.Exit(1)


def _place(loaded: LoadedPack, result: Result) -> str:
    line, _ = loaded.pack.sources[result.case.span.path].position(result.case.span.start)
    return f"{result.case.span.path}:{line}"


def _shown(loaded: LoadedPack, place: str) -> str:
    """`file:line` as it is found from here, so that a click opens it."""
    path, _, line = place.rpartition(":")
    return f"{loaded.pack.sources[path].shown}:{line}"


def _given(result: Result) -> str:
    """`image.nudity = 0.95, content.context = missing`."""
    told = (f"{name} = {'missing' if value is None else value}" for name, value in result.case.given.items())
    return ", ".join(told) or "nothing"


def _title(result: Result) -> str:
    return f'{result.case.policy or "decision"} "{result.case.title}" in {result.case.region}'


def _text(loaded: LoadedPack, results: Sequence[Result], boundaries: Sequence[Boundary]) -> str:
    failed = [result for result in results if result.problem]
    lines = [
        f"FAILED {_shown(loaded, _place(loaded, result))}: {_title(result)}\n"
        f"       {result.problem}\n"
        f"       given {_given(result)}\n"
        for result in failed
    ]
    for item in boundaries:
        if item.lacks:
            words = {"at": "at its threshold", "below": "one millionth below"}
            lines.append(
                f"UNTESTED {_shown(loaded, item.source)}: {item.clause} has no test {' and none '.join(words[lack] for lack in item.lacks)}"
            )
    lines.append(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    if boundaries:
        done = sum(not item.lacks for item in boundaries)
        lines.append(f"{done} of {len(boundaries)} rungs tested at their boundary")
    return "\n".join(lines)


def _json(loaded: LoadedPack, results: Sequence[Result], boundaries: Sequence[Boundary]) -> str:
    return json.dumps(
        {
            "version": 1,
            "passed": sum(not result.problem for result in results),
            "failed": sum(bool(result.problem) for result in results),
            "tests": [
                {
                    "policy": result.case.policy,
                    "title": result.case.title,
                    "region": result.case.region,
                    "source": _place(loaded, result),
                    "passed": result.problem is None,
                    "problem": result.problem,
                }
                for result in results
            ],
            "boundaries": [
                {"policy": b.policy, "clause": b.clause, "source": b.source, "lacks": list(b.lacks)} for b in boundaries
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def _junit(loaded: LoadedPack, results: Sequence[Result], boundaries: Sequence[Boundary]) -> str:
    failures = sum(bool(result.problem) for result in results) + sum(bool(item.lacks) for item in boundaries)
    suite = ET.Element("testsuite", name="limen", tests=str(len(results) + len(boundaries)), failures=str(failures))
    for result in results:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=result.case.policy or "decision",
            name=_title(result),
            file=_place(loaded, result),
        )
        if result.problem:
            ET.SubElement(case, "failure", message=result.problem)
    for item in boundaries:
        case = ET.SubElement(suite, "testcase", classname=f"{item.policy}.boundary", name=item.clause, file=item.source)
        if item.lacks:
            ET.SubElement(case, "failure", message=f"no test {', '.join(item.lacks)}")
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)
