"""What the shipped pack promises: it loads clean, its tests pass, it decides, and it acts no more boldly than it may."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import shutil
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.engine import Engine
from engine.load import LoadedPack, load_pack
from engine.packtests import run_tests
from engine.rendering import Decision
from policy_dsl.program import Program
from policy_dsl.stored import to_json
from regions.load import load_regions
from scorers.content import Content, Media
from scorers.runner import Runner

PACK = Path(__file__).resolve().parents[2] / "policies"
POLICIES = {
    "child_safety", "harassment", "hate", "intimate_images", "misinformation", "notices", "nudity", "self_harm", "spam",
    "terrorism", "violence",
}  # fmt: skip
TEXT_SCORES = ("text.toxicity", "text.hate", "text.harassment", "text.violence", "text.self_harm", "text.spam")
HASH_LISTS = {"child_safety": 1, "intimate_images": 2, "terrorism": 3}
SETS = {
    "hatecheck_en": ("test_case", "en"),
    "multilingual_hatecheck_de": ("test_case", "de"),
    "multilingual_hatecheck_hi": ("test_case", "hi"),
    "multilingual_hatecheck_pt": ("test_case", "pt"),
    "multilingual_hatecheck_ar": ("test_case", "ar"),
    "germeval2018_de": ("text", "de"),
    "sms_spam_a": ("text", "en"),
    "toxic_spans_civil": ("comment_text", "en"),
}


def program_of(loaded: LoadedPack) -> Program:
    assert loaded.compiled.program is not None, loaded.compiled.diagnostics
    return loaded.compiled.program


def test_it_loads_without_a_finding(loaded: LoadedPack) -> None:
    assert [f"{d.span.path}: {d.message} [{d.code}]" for d in loaded.compiled.diagnostics] == []
    assert not loaded.setup.problems


def test_its_policies_have_an_owner_and_a_title(loaded: LoadedPack) -> None:
    program = program_of(loaded)
    assert {policy.name for policy in program.policies} == POLICIES
    assert all(policy.owner and policy.title != policy.name and not policy.shadow for policy in program.policies)


def run(loaded: LoadedPack) -> tuple[list[str], list[str], set[str]]:
    """What fails, which rungs lack a boundary test, and which policies have tests."""
    assert loaded.env is not None
    results, boundaries = run_tests(loaded.pack.items, program_of(loaded), loaded.env)
    failed = [f"{r.case.span.path}: {r.case.title}: {r.problem}" for r in results if r.problem]
    return (
        failed,
        [boundary.clause for boundary in boundaries if boundary.lacks],
        {r.case.policy or "" for r in results},
    )


def test_its_own_tests_pass_and_stand_at_every_boundary(loaded: LoadedPack) -> None:
    failed, lacking, tested = run(loaded)
    assert failed == []
    assert lacking == []
    assert tested >= POLICIES


@pytest.mark.parametrize(
    ("policy", "line", "changed"),
    [
        ("nudity", "thresholds on risk { remove >= 0.90 }", "thresholds on risk { remove >= 0.91 }"),
        ("nudity", "author.age_days >= 30", "author.age_days >= 31"),
        ("intimate_images", "priority: P1", "priority: P2"),
        ("sanctions", "suspend(days: 30)", "suspend(days: 31)"),
        ("violence", "live.viewers >= 10000", "live.viewers >= 10001"),
    ],
)
def test_its_own_tests_fail_where_a_line_changes(tmp_path: Path, policy: str, line: str, changed: str) -> None:
    file = shutil.copytree(PACK, tmp_path / "pack") / f"{policy}.limen"
    rules, test, tests = file.read_text(encoding="utf-8").partition("\ntest ")
    assert rules.count(line) == 1
    file.write_text(rules.replace(line, changed) + test + tests, encoding="utf-8")
    failed, _, _ = run(load_pack(file.parent))
    assert failed


def test_records_need_no_time(loaded: LoadedPack) -> None:
    assert program_of(loaded).dates == (), "a dated clause makes `at` a must for everybody who tries the pack"


def test_the_first_example_of_the_documentation(engine: Engine) -> None:
    decision = engine.decide(scores={"image.nudity": 0.92}, facts={"content.context": "none"}, region="DE")
    assert (decision.enforcement, decision.status) == ("remove", "degraded"), "nothing but the picture was scored"
    whole = engine.decide(scores={"image.nudity": 0.92}, region="DE", modalities=[])
    assert (whole.enforcement, whole.status) == ("remove", "decided")


def test_every_policy_reads_what_somebody_gives(loaded: LoadedPack) -> None:
    """A scorer that ships, a score that the caller may leave out, or a fact with a default."""
    program = program_of(loaded)
    given = {spec.name for spec in program.inputs if spec.scorer or spec.optional or spec.default is not None}
    for policy in json.loads(to_json(program))["policies"]:
        text = json.dumps(policy)
        read = {spec.name for spec in program.inputs if f'"{spec.name}"' in text}
        assert read, f"`{policy['policy']['name']}` reads nothing"
        assert read <= given, f"`{policy['policy']['name']}` is open wherever {sorted(read - given)} is not sent"


def test_every_output_of_its_scorers_has_a_value(loaded: LoadedPack) -> None:
    content = Content(text="good morning", images=(Media(data=b"a"),), videos=(Media(data=b"b"),), language="en")
    runner = Runner(loaded.setup.scorers)
    (scored,) = asyncio.run(runner.run([content]))
    asked = {name for scorer in loaded.setup.scorers for name in scorer.outputs}
    assert set(scored.values) == asked, f"missing: {scored.missing}"


def test_text_alone_removes_nothing(engine: Engine) -> None:
    """The text model's card asks not to act on its score alone; the strongest that it may do is to hold back, reversibly."""
    scores: dict[str, float] = dict.fromkeys(TEXT_SCORES, 1.0)
    surfaces, languages = ("post", "comment", "profile", "ad", "live"), ("en", "de", "hi", "unknown")
    for region, surface, language in itertools.product(("US", "DE", "IN", "GB", "BR"), surfaces, languages):
        facts = {"content.surface": surface, "content.language": language}
        decision = engine.decide(scores=scores | _no_words(engine), facts=facts, region=region, modalities=["text"])
        assert decision.enforcement in ("allow", "label", "reduce", "block"), (region, surface, language)
        assert decision.status == "decided"
        assert language != "hi" or decision.enforcement == "allow", (
            "a model that cannot read a text only asks for a look"
        )


def _no_words(engine: Engine) -> dict[str, Any]:
    empty = {"bool": False, "int": 0}
    return {spec.name: empty[spec.kind] for spec in engine.program.inputs if spec.scorer == "keywords"}


@pytest.mark.parametrize(
    ("regime", "region", "facts"),
    [
        ("eu-tco-removal-order", "FR", {"notice.kind": "terrorism_order"}),
        ("in-it-rules-order-3h", "IN", {"notice.kind": "official_order"}),
        ("in-it-rules-intimate-2h", "IN", {"notice.kind": "person_shown"}),
        ("us-take-it-down", "US", {"notice.kind": "person_shown"}),
    ],
)
def test_somebody_looks_within_the_time_that_the_law_gives(
    engine: Engine, regime: str, region: str, facts: dict[str, Any]
) -> None:
    tree = load_regions()
    (law,) = [known for known in tree.regimes(region, datetime.now(UTC)) if known.id == regime]
    decision = engine.decide(facts=facts, region=region, modalities=[])
    tiers = {tier.name: tier.sla_seconds for tier in engine.program.severities}
    assert decision.enforcement in ("block", "remove"), "hidden before anybody has looked"
    looked = [tiers[route["priority"]] for route in decision.to_dict()["routes"]]
    assert law.deadline_hours is not None
    assert looked
    assert all(seconds is not None and seconds <= law.deadline_hours * 3600 for seconds in looked)


def test_the_digest_is_that_of_the_content(engine: Engine, tmp_path: Path) -> None:
    copy = shutil.copytree(PACK, tmp_path / "elsewhere")
    assert Engine.load(copy).digest == engine.digest
    text = (copy / "hate.limen").read_text()
    (copy / "hate.limen").write_text(text.replace("review            >= 0.70", "review            >= 0.71"))
    assert Engine.load(copy).digest != engine.digest


def test_the_hash_lists_hold_test_vectors_and_nothing_else() -> None:
    for name, number in HASH_LISTS.items():
        lines = (PACK / "data" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        found = [line.split()[0] for line in lines if not line.startswith("#")]
        vectors = (f"limen test vector {number}".encode(), pixel(number))
        assert found == [hashlib.sha256(data).hexdigest() for data in vectors]


def pixel(number: int) -> bytes:
    """A PNG of one dark pixel: red, green or blue, for the lists 1, 2, 3."""
    colour = [64 if place == number else 0 for place in (1, 2, 3)]
    raw = bytes([0, *colour])
    stored = b"\x78\x01\x01" + struct.pack("<HH", 4, 0xFFFF ^ 4) + raw + struct.pack(">I", zlib.adler32(raw))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)), (b"IDAT", stored), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_known_picture_is_beyond_every_context(engine: Engine) -> None:
    content = Content(images=(Media(data=pixel(1)),), facts={"content.context": "news", "content.tags": ["reclaimed"]})
    for decision in moderate(engine, [content], ["US", "DE", "IN"])[0]:
        assert (decision.enforcement, decision.routes) == ("remove", ("escalate",))
        assert decision.to_dict()["effects"]["notify_user"] is False


def moderate(engine: Engine, contents: list[Content], region: str | list[str]) -> tuple[tuple[Decision, ...], ...]:
    return asyncio.run(engine.moderate_all([(content, region, None) for content in contents]))


def test_text_posts_of_real_sets_are_decided(engine: Engine) -> None:
    """At least 95 in 100, in five languages; nothing but the text is given."""
    folder = os.environ.get("LIMEN_DATA")
    if folder is None:
        pytest.skip("LIMEN_DATA names no folder of labelled sets")
    parquet = pytest.importorskip("pyarrow.parquet")
    decided = total = 0
    for name, (column, language) in SETS.items():
        rows = (
            parquet.read_table(Path(folder) / "text" / f"{name}.parquet", columns=[column]).column(column).to_pylist()
        )
        contents = [
            Content(id=str(i), text=text, language=language) for i, text in enumerate(rows[:: len(rows) // 25][:25])
        ]
        for (decision,) in moderate(engine, contents, "US"):
            decided += decision.status == "decided"
            total += 1
    assert total == 25 * len(SETS)
    assert decided / total >= 0.95
