"""The command line: statuses, messages, formats."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.limen.packs import POLICY, Run


def test_check_says_what_was_checked(run: Run, pack: Path) -> None:
    status, out, _ = run("check", pack)
    assert (status, out) == (0, f"{pack}: 1 policy, no errors\n")


def test_check_fails_on_an_error_and_shows_the_place(run: Run, pack: Path) -> None:
    (pack / "insults.limen").write_text(
        POLICY.replace("then reduce and review\n", "then redcue and review\n", 1), encoding="utf-8"
    )
    status, out, _ = run("check", pack)
    assert status == 1
    assert "insults.limen:12" in out
    assert "reduce" in out


@pytest.mark.parametrize("format", ["json", "sarif", "github"])
def test_check_formats_say_the_same(run: Run, pack: Path, format: str) -> None:
    (pack / "insults.limen").write_text(POLICY.replace("0.95\n", "95\n", 1), encoding="utf-8")
    status, out, _ = run("check", pack, "--format", format)
    assert status == 1
    assert "insults.limen" in out
    if format != "github":
        json.loads(out)


def test_a_folder_that_is_no_pack_cannot_be_checked(run: Run, tmp_path: Path) -> None:
    status, out, err = run("check", tmp_path)
    assert (status, out) == (2, "")
    assert "limen.yaml" in err
    assert "Traceback" not in err


def test_test_passes_and_covers(run: Run, pack: Path) -> None:
    status, out, _ = run("test", pack, "--coverage")
    assert status == 0
    assert "3 passed, 0 failed" in out
    assert "1 of 1 rungs tested at their boundary" in out


def test_test_tells_what_came_out(run: Run, pack: Path) -> None:
    (pack / "insults.limen").write_text(POLICY.replace("remove >= 0.95", "remove >= 0.96"), encoding="utf-8")
    status, out, _ = run("test", pack, "--coverage")
    assert status == 1
    assert "insults.limen:23" in out
    assert "expected remove, seen allow" in out
    assert "UNTESTED" in out


def test_test_as_junit_and_json(run: Run, pack: Path) -> None:
    _, out, _ = run("test", pack, "--format", "junit")
    assert ET.fromstring(out).attrib["tests"] == "3"
    _, out, _ = run("test", pack, "--format", "json")
    assert json.loads(out)["passed"] == 3


def test_decide_reads_lines_and_writes_lines(run: Run, pack: Path) -> None:
    record = {"id": "p1", "region": ["DE", "US"], "modalities": ["text", "image"]}
    record["scores"] = {"image.nudity": 0.96, "keywords.insults.match": False, "keywords.insults.count": 0}
    status, out, _ = run("decide", "--pack", pack, "--input", "-", stdin=json.dumps(record) + "\n")
    decisions = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [(d["region"], d["enforcement"], d["status"]) for d in decisions] == [
        ("DE", "remove", "decided"),
        ("US", "remove", "decided"),
    ]
    assert decisions[0]["policies"][0]["margin"] == pytest.approx(0.01)
    assert decisions[0]["nearest"] == {
        "score": "image.nudity",
        "value": 0.96,
        "becomes": 0.949999,
        "then": "allow",
        "routes": [],
    }


def test_a_bad_line_is_told_and_nothing_else_is_lost(run: Run, pack: Path) -> None:
    good = json.dumps({"id": "p2", "region": "DE", "modalities": []})
    status, out, err = run(
        "decide", "--pack", pack, "--input", "-", "--trace", "none", stdin=f"{{nonsense\n[]\n{good}\n"
    )
    decisions = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert [d["status"] for d in decisions] == ["unavailable", "unavailable", "decided"]
    assert "line 1" in decisions[0]["reason"]
    assert "2 lines" in err


def test_moderate_runs_the_scorers(run: Run, pack: Path, tmp_path: Path) -> None:
    posts = tmp_path / "posts.jsonl"
    posts.write_text(
        '{"id": "a", "region": "DE", "text": "you b.a.d.w.o.r.d"}\n{"id": "b", "region": "DE", "text": "hello"}\n',
        encoding="utf-8",
    )
    status, out, _ = run("moderate", "--pack", pack, "--input", posts)
    decisions = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [(d["id"], d["enforcement"], d["status"]) for d in decisions] == [
        ("a", "reduce", "decided"),
        ("b", "allow", "decided"),
    ]
    assert decisions[0]["scorers"]["words"].startswith("keywords@")


def test_explain_tells_a_person(run: Run, pack: Path) -> None:
    record = {"id": "p1", "region": "DE", "scores": {"image.nudity": 0.96}}
    status, out, _ = run("explain", "--pack", pack, "--input", "-", stdin=json.dumps(record))
    assert status == 0
    assert "p1 in DE: remove (degraded)" in out
    assert "0.01 above the threshold 0.95" in out
    assert "keywords.insults.match is missing" in out


def test_fmt_is_idempotent_and_checks(run: Run, pack: Path) -> None:
    path = pack / "insults.limen"
    path.write_text(POLICY.replace("  title ", "title ").replace("remove >=", "remove>="), encoding="utf-8")
    assert run("fmt", "--check", pack)[0] == 1
    assert run("fmt", pack)[0] == 0
    assert path.read_text(encoding="utf-8") == POLICY
    assert run("fmt", "--check", pack) == (0, "", "")


def test_init_gives_a_tested_pack(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    assert run("init", target)[0] == 0
    assert (target / ".github/workflows/policies.yml").is_file()
    assert run("check", target / "policies", "--strict")[0] == 0
    assert run("test", target / "policies", "--coverage")[0] == 0
    assert run("fmt", "--check", target / "policies")[0] == 0
    assert run("init", target)[0] == 2


def test_import_gives_rule_files_that_pass(run: Run, pack: Path, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text(
        json.dumps(
            {
                "policy": "ads",
                "regions": ["DE", "AT"],
                "thresholds": {"remove": 0.9, "label": 0.5},
                "exceptions": ["news"],
                "actions": {"remove": {"notify_user": False, "note": "x"}},
            }
        ),
        encoding="utf-8",
    )
    status, _, err = run("import", form, "--output", pack, "--score", "image.nudity")
    assert status == 0
    assert "check them" in err
    assert run("check", pack)[0] == 0
    status, out, _ = run("test", pack)
    assert (status, out) == (0, "7 passed, 0 failed\n")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"policy": "a", "thresholds": {"remove": 95}}, "did you mean 0.95"),
        ({"policy": "a", "tresholds": {"remove": 0.9}}, "did you mean `thresholds`"),
        ({"policy": "a b", "thresholds": {"remove": 0.9}}, "`a b` is no name"),
        ({"policy": "a", "thresholds": {"remove": 0.1234567}}, "six decimal places"),
        ([], None),
    ],
)
def test_import_says_what_is_wrong(run: Run, tmp_path: Path, form: object, told: str | None) -> None:
    path = tmp_path / "form.json"
    path.write_text(json.dumps(form), encoding="utf-8")
    status, _, err = run("import", path)
    assert status == (2 if told else 0)
    assert (told or "") in err


def test_a_bundle_decides_as_its_pack(run: Run, pack: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.json"
    assert run("bundle", pack, "--output", bundle)[0] == 0
    line = json.dumps({"region": "DE", "scores": {"image.nudity": 0.96}})
    assert (
        run("decide", "--pack", bundle, "--input", "-", stdin=line)[1]
        == run("decide", "--pack", pack, "--input", "-", stdin=line)[1]
    )
    bundle.write_text(bundle.read_text(encoding="utf-8").replace("950000", "940000"), encoding="utf-8")
    status, _, err = run("decide", "--pack", bundle, "--input", "-", stdin=line)
    assert status == 2
    assert "does not match its digest" in err


def test_scorers_are_listed_and_shown(run: Run) -> None:
    status, out, _ = run("scorers", "list", "--format", "json")
    assert status == 0
    assert {"keywords", "exact-hash"} <= {card["name"] for card in json.loads(out)["scorers"]}
    assert "true or false" in run("scorers", "show", "keywords")[1]
    assert "image_text.<count…>: a whole number: what" in run("scorers", "show", "image-text")[1]
    status, _, err = run("scorers", "show", "keyword")
    assert status == 2
    assert "did you mean `keywords`" in err


def test_an_unreadable_input_is_one_message(run: Run, pack: Path, tmp_path: Path) -> None:
    status, out, err = run("decide", "--pack", pack, "--input", tmp_path / "none.jsonl")
    assert (status, out) == (2, "")
    assert err.startswith("limen: cannot read")
