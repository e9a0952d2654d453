"""What people feed to `decide`, `moderate` and `explain`: each mistake has one message, and nothing else is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from limen.cli.lines import MAX_BYTES, ObjectError, parse_object
from tests.limen.packs import Run

GOOD = '{"id": "good", "region": "DE", "modalities": []}\n'


def deep(levels: int) -> str:
    return '{"region": "DE", "id": ' + "[" * levels + "]" * levels + "}"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{nonsense", "line 1 is not JSON: expecting property name enclosed in double quotes, at character 2"),
        (b"[]", 'line 1 is no JSON object such as {"region": "DE", …}'),
        (b'"text"', "line 1 is no JSON object"),
        (b"\x00\x80\xff", "line 1 is not UTF-8, at byte 2"),
        ('{"region": "DE"}'.encode("utf-16"), "it looks like UTF-16"),
        (b'{"id": 1, "id": 2}', "line 1 names the key `id` twice"),
        (b'{"scores": {"a.b": 0.1, "a.b": 0.9}}', "line 1 names the key `a.b` twice"),
        (deep(64).encode(), "line 1 is nested deeper than 64 levels"),
        (deep(2_000).encode(), "line 1 is nested deeper than 64 levels"),
        (deep(100_000).encode(), "line 1 is nested deeper than 64 levels"),
        (b'{"id": ' + b"9" * 5_000 + b"}", "line 1 holds a whole number of too many digits"),
        (b'{"region": "' + b"x" * MAX_BYTES + b'"}', "line 1 has more than 16,000,000 bytes"),
    ],
)
def test_a_line_that_is_no_object(run: Run, pack: Path, line: bytes, told: str) -> None:
    status, out, err = run("decide", "--pack", pack, "--input", "-", stdin=line + b"\n" + GOOD.encode())
    decisions = [json.loads(text) for text in out.splitlines()]
    assert status == 1
    assert told in decisions[0]["reason"]
    assert told in err
    assert (decisions[0]["status"], decisions[0]["line"], decisions[-1]["id"]) == ("unavailable", 1, "good")


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"scores": [1]}, "line 1: `scores` is a list, expected an object of names and values"),
        (
            {"region": ["DE", 5]},
            "line 1: `region` is `['DE', 5]`, expected a region code such as `DE`, or a list of codes",
        ),
        ({"region": {"code": "DE"}}, "expected a region code such as `DE`"),
        ({"region": None}, "`region` is missing"),
        ({"at": 5}, "`at` is `5`, expected a time such as"),
        ({"modalities": ["txt"]}, "`modalities` holds `txt`"),
    ],
)
def test_a_record_that_cannot_be_used_is_a_refused_line(run: Run, pack: Path, record: object, told: str) -> None:
    line = json.dumps({"id": 7, "region": "DE", **record})  # type: ignore[dict-item]
    status, out, err = run("decide", "--pack", pack, "--input", "-", stdin=line)
    decision = json.loads(out)
    assert (status, decision["status"], decision["id"]) == (1, "unavailable", 7)
    assert told in err


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("NaN", "not a finite number"),
        ("1e400", "not a finite number"),
        ("-Infinity", "not a finite number"),
        ("1.5", "out of range: `1.5` is not in [0, 1]"),
        ('"0.9"', "wrong type: a text, expected a number in [0, 1]"),
        ("true", "wrong type: a truth value, expected a number in [0, 1]"),
        ("null", "null"),
        ("[0.9]", "wrong type: a list, expected a number in [0, 1]"),
    ],
)
def test_a_value_that_is_none_is_missing_with_its_reason(run: Run, pack: Path, value: str, why: str) -> None:
    line = f'{{"id": 1, "region": "DE", "modalities": ["image"], "scores": {{"image.nudity": {value}}}}}'
    status, out, _ = run("decide", "--pack", pack, "--input", "-", stdin=line)
    decision = json.loads(out)
    assert status == 0
    assert decision["why_missing"]["image.nudity"] == why


@pytest.mark.parametrize("text", ["NaN", "1e400", '"\\ud800"', '"\\u0000"', "[1, {}]", "12345678901234567890123"])
def test_whatever_the_id_is_the_decision_is_json(run: Run, pack: Path, tmp_path: Path, text: str) -> None:
    line = f'{{"id": {text}, "region": "DE", "modalities": []}}'
    _, out, _ = run("decide", "--pack", pack, "--input", "-", stdin=line)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(out, parse_constant=refuse)
    run("decide", "--pack", pack, "--input", "-", "--output", tmp_path / "out", stdin=line)
    assert json.loads((tmp_path / "out").read_bytes()) == json.loads(out)


def test_a_byte_order_mark_and_windows_line_ends_are_read(run: Run, pack: Path) -> None:
    raw = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n\r\n").encode() * 2
    status, out, err = run("decide", "--pack", pack, "--input", "-", stdin=raw)
    assert (status, err, len(out.splitlines())) == (0, "", 2)


def test_the_line_after_one_that_is_too_long_is_read_whole(run: Run, pack: Path) -> None:
    raw = b'{"id": "' + b"x" * (2 * MAX_BYTES) + b'"}\n' + GOOD.encode()
    _, out, _ = run("decide", "--pack", pack, "--input", "-", "--trace", "none", stdin=raw)
    assert [json.loads(line)["id"] for line in out.splitlines()] == [None, "good"]


def test_nothing_in_is_nothing_out(run: Run, pack: Path) -> None:
    assert run("decide", "--pack", pack, "--input", "-") == (0, "", "")


def test_keys_that_belong_elsewhere_are_named(run: Run, pack: Path) -> None:
    line = '{"region": "DE", "text": "hello", "score": {}, "modalities": []}'
    _, out, _ = run("decide", "--pack", pack, "--input", "-", stdin=line)
    assert json.loads(out)["unknown"] == ["score", "text"]
    status, _, err = run("moderate", "--pack", pack, "--input", "-", stdin='{"region": "DE", "scores": {}}')
    assert status == 1
    assert "`limen decide` reads" in err


@pytest.mark.parametrize("command", ["decide", "moderate", "explain"])
@pytest.mark.parametrize(("name", "told"), [("none", "no such file or directory"), (".", "is a directory")])
def test_an_input_that_cannot_be_read(run: Run, pack: Path, tmp_path: Path, command: str, name: str, told: str) -> None:
    status, out, err = run(command, "--pack", pack, "--input", tmp_path / name)
    assert (status, out) == (2, "")
    assert err == f"limen: cannot read `{tmp_path / name}`: {told}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "`-` is not JSON: expecting value, at character 1"),
        ("[1]", "`-` is no JSON object such as"),
        ('{"region": "DE"}\n{"region": "US"}', "`-` is not JSON: extra data, at line 2, column 1"),
        ('{"region": "DE", "text": 5}', "`-`: `text` is int, expected a string"),
        ('{"region": "DE", "videos": [{"path": "../x"}]}', "leaves the folder"),
    ],
)
def test_explain_takes_one_object(run: Run, pack: Path, text: str, told: str) -> None:
    status, out, err = run("explain", "--pack", pack, "--input", "-", stdin=text)
    assert (status, out) == (2, "")
    assert told in err


def test_explain_reads_json_on_many_lines(run: Run, pack: Path) -> None:
    text = json.dumps({"region": "DE", "modalities": []}, indent=2)
    assert run("explain", "--pack", pack, "--input", "-", stdin=text)[0] == 0


def test_moderate_hands_the_id_through_and_keeps_it_where_the_line_is_refused(run: Run, pack: Path) -> None:
    lines = (
        '{"id": 5, "region": "DE", "text": "a"}\n{"id": null, "region": "DE"}\n{"id": 6, "region": "DE", "txt": "a"}\n'
    )
    status, out, _ = run("moderate", "--pack", pack, "--input", "-", "--trace", "none", stdin=lines)
    decisions = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert [(d["id"], d["region"]) for d in decisions] == [(5, "DE"), (None, "DE"), (6, "DE")]
    assert decisions[2]["status"] == "unavailable"


def test_an_empty_time_is_no_time(run: Run, pack: Path) -> None:
    status, out, _ = run("moderate", "--pack", pack, "--input", "-", stdin='{"region": "DE", "text": "a", "at": ""}')
    assert (status, json.loads(out)["status"]) == (1, "unavailable")


def test_depth_is_counted_and_not_guessed() -> None:
    assert parse_object(deep(62).encode())
    assert parse_object(b'{"id": "' + b"[" * 1_000 + b'"}')
    assert parse_object(json.dumps({"id": [[] for _ in range(1_000)]}).encode())
    with pytest.raises(ObjectError):
        parse_object(deep(64).encode())
