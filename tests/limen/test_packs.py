"""Packs, lists and bundles as people leave them behind: one message each, and never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from policy_dsl.manifest_reader import read_manifest
from policy_dsl.source import Source
from policy_dsl.stored import digest
from tests.limen.packs import MANIFEST, POLICY, Run

GOLDEN = Path(__file__).parent / "golden"
BASE = """\
pack: x
language: 1
enforcements: {allow: {}, label: {effects: {interstitial: true}}, remove: {}}
routes: {review: {queue: general}}
sanctions: {strike: {expires_days: 90}}
severities: {P1: {sla: 1h}, P2: {}}
inputs:
  a.b: {type: score}
groups: {nordic: [DK]}
regions: {XX-1: {parent: DE}}
scorers: {}
unknown_region: refuse
"""
CHANGES = [
    ("pack: x", ["pack: [a]", "pack: 5", "pack: 2026-01-01", "pack: ''", "pack:", "pack: x\npack: y", "Pack: x"]),
    ("language: 1", ["language: 2", "language: '1'", "language: true", "language: 1.0", "language: [1]"]),
    ("{interstitial: true}", ["{interstitial: null}", "{interstitial: [1]}", "{interstitial: .nan}", "{5: 1}", "[a]"]),
    ("allow: {}", ["allow: 5", "allow: {effect: {}}", "'a b': {}", "5: {}", "? [a]\n: {}"]),
    ("remove: {}}", ["review: {}}", "strike: {}}"]),
    ("{queue: general}", ["{queue: 5}", "{que: x}", "general", "{exclusive: yes}"]),
    ("{expires_days: 90}", ["{expires_days: [9]}", "9", "{expires_days: .inf}", "{days: 99999999999999999999}"]),
    ("{sla: 1h}", ["{sla: 1w}", "{sla: 60}", "{on_missing: [review]}"]),
    ("severities: {P1: {sla: 1h}, P2: {}}", ["severities: [P1]", "severities: {}", "severities:"]),
    ("{type: score}", ["score", "{type: scores}", "{}", "{type: score, min: 0}", "{type: int, min: a}"]),
    ("{type: score}", ["{type: score, optional: 1}", "{type: score, opional: true}", "{type: score, default: 0.5}"]),
    ("{type: score}", ["{type: enum}", "{type: enum, values: abc}", "{type: enum, values: [NO, 5]}", "{type: enum, values: [a, a]}"]),
    ("{type: score}", ["{type: set<string>, default: [1]}", "{type: double, min: .nan}", "null"]),
    ("a.b:", ["ab:", "a..b:", "a-b.c:"]),
    ("[DK]", ["DK", "[5]"]),
    ("{parent: DE}", ["DE", "{}", "{parent: 5}", "{parents: DE}"]),
    ("scorers: {}", ["scorers: {t: 5}", "scorers: [keywords]", "scorer: {}", "scorers: *x", "scorers:\n\tt: x", "scorers: @x"]),
    ("unknown_region: refuse", ["unknown_region: refused", "unknown_region: null"]),
]  # fmt: skip


def told(text: str) -> str:
    _, found = read_manifest(Source("limen.yaml", text))
    lines = [
        f"{text[: item.span.start].count(chr(10)) + 1}: {item.message}" + (f" ({item.help})" if item.help else "")
        for item in found
    ]
    return "\n".join(f"    {line}" for line in lines) or "    fine"


def test_every_mistake_in_a_manifest_is_told_to_its_author(golden: Callable[[Path, str], None]) -> None:
    """Read the golden file as somebody who has never seen a stack trace."""
    whole = [
        (BASE, "the whole manifest", text)
        for text in ("", "# nothing", "hello", "- a", "a: &x 1\nb: *x", "!x {}", "a: {b", "a: 2026-02-30")
    ]
    edits = [(before, before, after) for before, afters in CHANGES for after in afters]
    parts = [
        f"{after!r} for {name!r}\n{told(BASE.replace(before, after, 1))}" for before, name, after in [*whole, *edits]
    ]
    golden(GOLDEN / "manifest.txt", "\n".join(parts) + "\n")


def test_sections_may_be_empty() -> None:
    assert (
        told(
            BASE.replace("{review: {queue: general}}", "")
            .replace("{nordic: [DK]}", "")
            .replace("scorers: {}", "scorers:")
        )
        == "    fine"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * 200_000, "nested deeper than 64 levels"),
        ("a: " + "{b: " * 200_000, "nested deeper than 64 levels"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "aliases are not supported"),
        ("\n".join(f"k{i}: v" for i in range(20_000)), "unknown key `k0`"),
    ],
)
def test_a_manifest_that_would_blow_up_is_refused_quickly(run: Run, pack: Path, text: str, message: str) -> None:
    (pack / "limen.yaml").write_text(text, encoding="utf-8")
    status, out, _ = run("check", pack)
    assert status == 1
    assert message in out
    assert out.count("LIM050]") <= 100


def test_a_manifest_that_is_no_text_has_one_finding(run: Run, pack: Path) -> None:
    (pack / "limen.yaml").write_bytes(b"\xff\xfe\x00")
    status, out, _ = run("check", pack)
    assert status == 1
    assert out.endswith("1 error in 1 file\n")
    assert "limen.yaml" in out


@pytest.mark.parametrize("make", ["dangling", "loop"])
def test_a_link_that_leads_nowhere_is_no_policy_left_out_in_silence(run: Run, pack: Path, make: str) -> None:
    (pack / "gone.limen").symlink_to("gone.limen" if make == "loop" else "nowhere.limen")
    status, out, _ = run("check", pack)
    assert status == 1
    assert "error[LIM051]" in out
    assert "gone.limen" in out


def test_folders_are_no_files(run: Run, pack: Path) -> None:
    (pack / "folder.limen").mkdir()
    (pack / "round").symlink_to(pack)
    assert run("check", pack)[0] == 0


@pytest.mark.parametrize("command", [["check"], ["test"], ["bundle"], ["decide", "--input", "-", "--pack"]])
def test_what_is_no_pack(run: Run, pack: Path, tmp_path: Path, command: list[str]) -> None:
    status, _, err = run(*command, tmp_path / "none")
    assert (status, err) == (2, f"limen: there is no folder `{tmp_path / 'none'}`\n")
    status, _, err = run(*command, tmp_path)
    assert (status, err) == (
        2,
        f"limen: `{tmp_path}` has no `limen.yaml`: `limen init DIR` makes a pack to start from\n",
    )
    status, _, err = run(*command, pack / "insults.limen")
    assert status == 2
    assert err.count("\n") == 1
    assert "expected" in err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff", "not UTF-8, at byte 1"),
        (b"a: [*x]", "aliases are not supported here, write the value out, at line 1"),
        (b"[" * 100_000, "nested deeper than 64 levels, at line 1"),
        (b"a: 2026-02-30", "is no YAML"),
        (b"en: [88]", "put it in quotes"),
        (b"en: word", "expected a list of words"),
        (None, "there is no list `words.yaml`"),
    ],
)
def test_a_list_that_cannot_be_read(run: Run, pack: Path, content: bytes | None, told: str) -> None:
    (pack / "limen.yaml").write_text(MANIFEST.replace("[badword]", "words.yaml"), encoding="utf-8")
    if content is not None:
        (pack / "words.yaml").write_bytes(content)
    status, out, _ = run("check", pack)
    assert status == 1
    assert told in out
    assert "Errno" not in out


def test_norwegian_is_a_language(run: Run, pack: Path) -> None:
    """YAML 1.1 reads the key `no` as false."""
    (pack / "limen.yaml").write_text(MANIFEST.replace("[badword]", "words.yaml"), encoding="utf-8")
    (pack / "words.yaml").write_text("no: [drittord]\nen: [badword]\n", encoding="utf-8")
    line = '{"region": "NO", "language": "no", "text": "et drittord"}'
    _, out, _ = run("moderate", "--pack", pack, "--input", "-", stdin=line)
    assert json.loads(out)["enforcement"] == "reduce"


@pytest.fixture
def bundle(run: Run, pack: Path, tmp_path: Path) -> Path:
    path = tmp_path / "bundle.json"
    assert run("bundle", pack, "--output", path)[0] == 0
    return path


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": "limen-bundle/9"}, "is no bundle of this version"),
        ({"digest": "sha256:0"}, "does not match its digest"),
        ({"program": None}, "does not match its digest"),
        ({"provenance": 7}, "is damaged"),
        ({"provenance": {"files": 7}}, "is damaged"),
        ("", "is no bundle: it is not JSON"),
        ("[", "is no bundle: it is not JSON"),
        ("[" * 100_000, "is no bundle: it is not JSON"),
        ("[]", "is no bundle of this version"),
    ],
)
def test_a_damaged_bundle(run: Run, bundle: Path, change: dict[str, object] | str, told: str) -> None:
    whole = json.loads(bundle.read_text(encoding="utf-8"))
    bundle.write_text(json.dumps(whole | change) if isinstance(change, dict) else change, encoding="utf-8")
    status, out, err = run("decide", "--pack", bundle, "--input", "-")
    assert (status, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("program", ["{}", "[]", "null", '{"ir": 99}', "[" * 3_000, '"x"'])
def test_a_bundle_of_something_else(run: Run, bundle: Path, program: str) -> None:
    whole = json.loads(bundle.read_text(encoding="utf-8"))
    bundle.write_text(json.dumps(whole | {"program": program, "digest": digest(program)}), encoding="utf-8")
    status, _, err = run("decide", "--pack", bundle, "--input", "-")
    assert (status, err) == (
        2,
        "limen: the bundle's program is not of the form that this version reads: build it again\n",
    )


def test_a_scorer_that_a_bundle_names_and_nobody_has(run: Run, bundle: Path) -> None:
    """Its outputs are missing, as after any other failure, and somebody is told."""
    whole = json.loads(bundle.read_text(encoding="utf-8"))
    program = whole["program"].replace('"use":"keywords"', '"use":"keywodrs"')
    assert program != whole["program"]
    bundle.write_text(json.dumps(whole | {"program": program, "digest": digest(program)}), encoding="utf-8")
    line = '{"region": "DE", "text": "badword"}'
    status, out, err = run("moderate", "--pack", bundle, "--input", "-", stdin=line)
    assert (status, json.loads(out)["status"]) == (0, "degraded")
    assert "the outputs of a scorer are missing: words" in err


def test_a_cache_that_is_no_folder(run: Run, pack: Path) -> None:
    status, _, err = run("decide", "--pack", pack, "--input", "-", "--cache", pack / "insults.limen")
    assert (status, err) == (2, f"limen: the cache `{pack / 'insults.limen'}` is no folder\n")


def test_a_pack_with_errors_does_not_load_and_shows_them(run: Run, pack: Path) -> None:
    (pack / "insults.limen").write_text(POLICY.replace("0.95\n", "95\n", 1), encoding="utf-8")
    for command in (["decide", "--input", "-", "--pack"], ["test"], ["bundle"]):
        status, out, err = run(*command, pack)
        assert (status, out) == (2, "")
        assert "insults.limen:7" in err
