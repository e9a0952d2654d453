"""Settings + a pack's rule files -> the files with these thresholds, comments and layout kept, and their unified diff.

Nothing is believed: the new files are compiled, and a patch is given only where they come to the very program that the settings make.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from engine.load import LoadedPack
from policy_dsl import program as p
from policy_dsl.compile import compile_pack
from policy_dsl.env import Env
from policy_dsl.outcomes import rung_key
from policy_dsl.parser import parse
from policy_dsl.places import StatedRung, rungs, statements
from policy_dsl.program import Program
from policy_dsl.source import Source
from simulator.settings import Setting, SettingError, Target, chain_of, cuts_of, local, shown, with_threshold

_END = re.compile(r"(>=\s*)[0-9.]+\s*$|off\s*$")


def patch(loaded: LoadedPack, settings: Sequence[Setting]) -> str:
    """The diff, to be applied in the pack's folder. Raises SettingError, with the reason, where no patch comes to the settings."""
    if loaded.compiled.program is None or loaded.env is None:
        raise SettingError("the pack has errors and cannot be patched")
    found, wanted = loaded, loaded.compiled.program
    for setting in settings:
        wanted = with_threshold(wanted, setting.target, setting.threshold)
        found = _patched(found, setting)
    if thresholds(found.compiled.program) != thresholds(wanted):
        raise SettingError(
            "the rule files' statements cannot be changed alone to what the settings say: change them by hand"
        )
    return diff(loaded.pack.sources, found.pack.sources)


def diff(old: Mapping[str, Source], new: Mapping[str, Source]) -> str:
    """Of all files that differ, as `git apply` and `patch -p1` take it."""
    parts: list[str] = []
    for path in sorted(new):
        before, after = (source[path].text.splitlines(keepends=True) for source in (old, new))
        parts += difflib.unified_diff(before, after, f"a/{path}", f"b/{path}")
    return "".join(part if part.endswith("\n") else f"{part}\n\\ No newline at end of file\n" for part in parts)


def thresholds(program: Program | None) -> dict[tuple[str, str, str, str], tuple[object, ...]]:
    """What every rung comes to in every region: guards and thresholds in order, less statements that others hide."""
    found: dict[tuple[str, str, str, str], tuple[object, ...]] = {}
    for policy in program.policies if program else ():
        for region, number in zip(program.regions if program else (), policy.places, strict=True):
            for ladder in policy.variants[number].ladders if number >= 0 else ():
                for rung in ladder.rungs:
                    found[policy.name, region, ladder.score, rung.name] = _meaning(rung.cuts)
    return found


def _meaning(cuts: Iterable[p.Cut]) -> tuple[object, ...]:
    """Guards with their thresholds, up to the first that always holds; one that says what the rest says anyway is left out."""
    kept: list[tuple[p.Guard, int | None]] = []
    for cut in cuts:
        if all(guard != cut.guard for guard, _ in kept):
            kept.append((cut.guard, cut.threshold))
        if cut.guard == p.ALWAYS:
            break
    while len(kept) > 1 and kept[-1][1] == kept[-2][1] and kept[-1][0] == p.ALWAYS:
        del kept[-2]
    return tuple(kept)


def _patched(loaded: LoadedPack, setting: Setting) -> LoadedPack:
    assert loaded.env is not None
    assert loaded.compiled.program is not None
    policy = next(item for item in loaded.pack.policies if item.name.text == setting.target.policy)
    stated = [item for item in rungs(list(statements(policy, loaded.env))) if _is_of(item, setting.target, loaded.env)]
    inside = [item for item in stated if _reaches(loaded.compiled.program, setting.target, item)]
    edits = [(item.rung.span.start, item.rung.span.end, setting.threshold) for item in inside if _moves(item, setting)]
    path = policy.span.path
    text = loaded.pack.sources[path].text
    block = _block(loaded.compiled.program, setting, inside)
    if block:
        end = text.rindex("}", policy.span.start, policy.span.end)
        text = f"{text[:end].rstrip()}\n\n{block}{text[end:]}"
    for start, end, level in sorted(edits, reverse=True):
        text = text[:start] + _written(text[start:end], level) + text[end:]
    return _compiled(loaded, path, text)


def _is_of(item: StatedRung, target: Target, env: Env) -> bool:
    score = item.ladder.score.text
    return score in (target.score, local(target.policy, target.score)) and (
        rung_key(item.rung.outcomes, env).name == target.action
    )


def _reaches(program: Program, target: Target, item: StatedRung) -> bool:
    """Whether the statement is about nothing but what the target names."""
    return target.region is None or all(target.region in chain_of(program, code) for code in item.place.regions)


def _moves(item: StatedRung, setting: Setting) -> bool:
    """As `settings.is_set`: what is off for less than the target names stays off."""
    if item.rung.threshold is not None:
        return True
    whole = {"GLOBAL"} if setting.target.region is None else {setting.target.region}
    return not item.place.guard.within and not item.place.guard.arm and whole >= set(item.place.regions)


def _written(rung: str, level: int | None) -> str:
    """`review   >= 0.70` with another number, the rest as it stands."""
    if level is None:
        return _END.sub("off", rung)
    return _END.sub(lambda found: (found.group(1) or ">= ") + shown(level), rung)


def _block(program: Program, setting: Setting, inside: Sequence[StatedRung]) -> str:
    """A region's own block, where it lives by statements from above; a `for` of these is said again, or R1 would hide it."""
    target = setting.target
    if target.region is None:
        return ""
    own = [item for item in inside if target.region in item.place.regions]
    above = [cut for cut in cuts_of(program, target) if cut.guard.start is None and cut.guard.end is None]
    said = {item.place.guard.within for item in own}
    withins = [w for w in dict.fromkeys(cut.guard.within for cut in above if not cut.guard.arm) if w not in said]
    if not withins or () in said:  # LIM152 has made it say every `for` from above already
        return ""
    rung = f"thresholds on {local(target.policy, target.score)} {{ {_action(target.action)} {_level(setting)} }}"
    lines = [line for within in sorted(withins) for line in _nested(within, rung)]
    return f"  region {target.region} {{\n" + "".join(f"    {line}\n" for line in lines) + "  }\n"


def _nested(within: Sequence[tuple[str, tuple[str, ...]]], line: str) -> list[str]:
    heads = [f"for {name} in [{', '.join(values)}] {{" for name, values in within]
    return [" ".join([*heads, line, *("}" for _ in heads)])]


def _action(name: str) -> str:
    """`review(queue=wellbeing)` -> as files write it."""
    return re.sub(r"=([^,)]*)", r': "\1"', name).replace("+", " and ")


def _level(setting: Setting) -> str:
    return "off" if setting.threshold is None else f">= {shown(setting.threshold)}"


def _compiled(loaded: LoadedPack, path: str, text: str) -> LoadedPack:
    assert loaded.env is not None
    source = replace(loaded.pack.sources[path], text=text)
    parsed = parse(source)
    files = tuple(parsed.file if file.path == path else file for file in loaded.pack.files)
    pack = replace(
        loaded.pack, files=files, sources={**loaded.pack.sources, path: source}, diagnostics=parsed.diagnostics
    )
    found = compile_pack(pack, loaded.env, ())
    if found.program is None:
        first = next(item for item in found.diagnostics if item.severity == "error")
        line, _ = source.position(first.span.start)
        raise SettingError(f"a patched `{path}` would not check: line {line}: {first.message} [{first.code}]")
    return replace(loaded, pack=pack, compiled=found)


__all__ = ["diff", "patch", "thresholds"]
