"""`limen demo`: the shipped posts under the shipped pack, pictures and a video under a pack of their own, and a threshold tried on a log."""

from __future__ import annotations

import asyncio
import json
import os
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.engine import Engine
from engine.rendering import Decision
from scorers.content import Content

NEXT = """
What to try next (in a checkout `limen` is .venv/bin/limen):
  limen check policies                      every finding about a pack, in one run
  limen test policies --coverage            the pack's own tests, and which rungs stand tested at their boundary
  open limen-demo-report.html               what another threshold would have done, told by the simulation above
  limen simulate --help                     the same on a log of your own; limen log describe LOG says how its columns are read
  limen explain --pack policies --input -   tell one decision: echo '{"region": "DE", "text": "…"}' | limen explain …
  edit a threshold in policies/hate.limen, run `limen test policies`, and see which boundary moved
  limen init my-policies                    a policy repository of your own
  docs/tutorial.md                          from an empty folder to a tested policy
"""


NEEDED = ("onnxruntime", "PIL", "rapidocr", "av")
WITHOUT = "Pictures and videos are left out: they need `pip install 'limen[all]'`."
REPLAY = ("numba", "pyarrow", "scipy", "simpy", "jinja2")
WITHOUT_REPLAY = "The simulation is left out: it needs `pip install 'limen[simulate]'`."
TRIED = "hate.text.hate.review=0.8"
REPORT = "limen-demo-report.html"


def demo() -> None:
    """Moderate a small set of real posts under the shipped pack, then pictures and a video, and show what was decided, and why."""
    console = Console(width=None if Console().is_terminal else 150)
    with as_file(files("policies")) as pack, as_file(files("limen").joinpath("demo")) as folder:
        _show(console, "Posts under the shipped pack", pack, folder)
        if all(find_spec(module) for module in NEEDED):
            console.print()
            media = folder / "media"
            _show(console, "Pictures and a video under the media pack", media / "pack", media)
        else:
            console.print(WITHOUT, highlight=False, markup=False)
        console.print()
        if all(find_spec(module) for module in REPLAY):
            _try_threshold(console, pack, folder / "log.parquet")
        else:
            console.print(WITHOUT_REPLAY, highlight=False, markup=False)
    console.print(NEXT, highlight=False, markup=False)


def _try_threshold(console: Console, pack: Path, log: Path) -> None:
    """What a threshold of the shipped pack would have done to the made-up log that ships with the demo."""
    from limen.cli.simulate import simulate  # noqa: PLC0415 - needs an extra

    console.print(
        f"A threshold tried on a log: limen simulate --log {log} --base {pack} --set {TRIED}", highlight=False
    )
    console.print()
    simulate([str(log)], str(pack), set=[TRIED], reviewed=True, html=_writable(Path(REPORT)))


def _writable(path: Path) -> Path:
    """Here, or where temporary files go."""
    return path if os.access(Path.cwd(), os.W_OK) else Path(gettempdir()) / path


def _show(console: Console, title: str, pack: Path, folder: Path) -> None:
    engine = Engine.load(pack)
    posts = [json.loads(line) for line in (folder / "posts.jsonl").read_text(encoding="utf-8").splitlines() if line]
    decided = asyncio.run(_moderate(engine, posts, folder))
    console.print(_table(title, posts, decided))
    console.print(_summary(decided, engine), highlight=False)


async def _moderate(engine: Engine, posts: list[dict[str, Any]], folder: Path) -> list[tuple[Decision, ...]]:
    items = [(Content.from_record(post, folder), post["region"], post.get("at")) for post in posts]
    return list(await engine.moderate_all(items))


def _table(title: str, posts: list[dict[str, Any]], decided: list[tuple[Decision, ...]]) -> Table:
    table = Table(title=title, show_lines=True)
    table.add_column("post", max_width=46)
    table.add_column("region")
    table.add_column("decision", style="bold")
    table.add_column("why", max_width=64)
    for post, decisions in zip(posts, decided, strict=True):
        shown = _shown(post)
        for index, decision in enumerate(decisions):
            table.add_row(_short(shown) if index == 0 else "", decision.region, _verdict(decision), _why(decision))
    return table


def _shown(post: dict[str, Any]) -> str:
    """The text with its language, and the files beside it; without either, what the caller says of the content."""
    media = [item for kind in ("images", "videos") for item in post.get(kind, []) if isinstance(item, str)]
    beside = f"({', '.join(media)})" if media else ""
    if post.get("text"):
        return f"[{post.get('language', '?')}] {post['text']} {beside}"
    if media:
        return beside
    facts = ", ".join(f"{name} {value}" for name, value in post.get("facts", {}).items())
    return f"(no text) {post['id']}: {facts or 'a picture'}"


def _short(text: str, width: int = 120) -> str:
    flat = " ".join(text.split())
    escaped = flat if len(flat) <= width else flat[: width - 1] + "…"
    return escaped.replace("[", "\\[")


def _verdict(decision: Decision) -> str:
    words = " and ".join(dict.fromkeys([decision.enforcement or "no verdict", *decision.routes]))
    return words if decision.status == "decided" else f"{words} ({decision.status})"


def _why(decision: Decision) -> str:
    """The clauses that spoke, each with its score beside its threshold; else the score that came nearest."""
    entries = decision.to_dict()["policies"]
    told = [_reason(entry) for entry in entries if entry["clause"] and not entry.get("shadow")]
    if told:
        return "; ".join(told)
    near = [entry for entry in entries if entry["margin"] is not None]
    if not near:
        return "nothing to judge"
    best = max(near, key=lambda entry: entry["margin"])
    return (
        f"nothing spoke; nearest: {best['policy']}, {best['score']} {best['value']:.2f} below {best['threshold']:.2f}"
    )


def _reason(entry: dict[str, Any]) -> str:
    clause = entry["clause"]
    if entry["value"] is not None:
        clause += f" ({entry['score']} {entry['value']:.2f} ≥ {entry['threshold']:.2f})"
    exceptions = "".join(f", exception {name}" for name in entry["exceptions"])
    missing = f", missing {', '.join(entry['missing'])}" if entry["missing"] else ""
    return f"{clause}{exceptions}{missing}"


def _summary(decided: list[tuple[Decision, ...]], engine: Engine) -> str:
    decisions = [decision for group in decided for decision in group]
    sure = sum(decision.status == "decided" for decision in decisions)
    return f"{len(decisions)} decisions, {sure} of them decided with nothing missing; pack {engine.program.pack} {engine.digest[:19]}"
