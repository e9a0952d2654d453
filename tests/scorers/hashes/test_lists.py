import json

import pytest

from scorers.hashes.lists import read_known

PDQ, OTHER = "f8" * 32, "0a" * 32
PHASH = "f0" * 8


def read(folder, name, text, algorithm="pdq", **options):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_known(path, algorithm, **options)


def found(known):
    return [(entry.hash.hex(), entry.id) for entry in known.entries("x")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", f"# ours\n  {PDQ.upper()}  case 1  # said so\r\npdq:{OTHER}\n"),
        ("a.txt", f"\ufeff{PDQ}\t*case 1\n\n PDQ:{OTHER}"),
        ("a.csv", f"\ufeffID, PDQ ,note\ncase 1,{PDQ}, x\n,{OTHER},\n"),
        ("a.csv", f"hash,algorithm,id\n{PDQ} ,pdq,case 1\n {OTHER.upper()},,\n"),
        ("a.csv", f"{PDQ},case 1\r\n{OTHER}\r\n"),
        ("a.jsonl", f"{json.dumps({'pdq': PDQ, 'id': 'case 1'})}\n\n{json.dumps({'Hash': f' {OTHER} ', 'id': None})}"),
        ("a.JSONL", f'{json.dumps({"hash": PDQ, "algorithm": "PDQ", "id": "case 1"})}\n{{"hash": "pdq:{OTHER}"}}'),
    ],
)
def test_every_form_of_a_list_is_read(tmp_path, name, text):
    known = read(tmp_path, name, text)
    assert known.bad == ()
    (first, second) = found(known)
    assert first == (PDQ, "case 1")
    assert second[0] == OTHER
    assert second[1].startswith(f"{name}:")  # where it has no id, the line is its id


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [
        ("a.txt", "0" * 32, "`000000000000…` has 32 characters, expected 64 (pdq)"),
        ("a.txt", PHASH, f"`{PHASH}` has 16 characters, expected 64 (pdq)"),
        ("a.txt", "z" * 64, "is no pdq: expected 64 hexadecimal digits"),
        ("a.txt", f"md5:{'0' * 32}", "unknown algorithm `md5`, expected pdq"),
        ("a.txt", f"pdq:{PHASH}", f"`{PHASH}` is no pdq"),
        ("a.csv", '"a quote that is never closed', "it has 28 characters, expected 64"),
        ("a.csv", f"{PDQ},a,101", "the quality `101` is no whole number from 0 to 100"),
        ("a.csv", f"{PDQ},a,good", "the quality `good` is no"),
        ("a.csv", f"{PDQ},a,49", "its quality, 49, is below `min_quality`, 50"),
        ("a.csv", ",a,", "no hash: expected one of `pdq`, `hash`"),
        ("a.jsonl", f'{{"pdq": "{PDQ}", "quality": 0}}', "its quality, 0, is below"),
        ("a.jsonl", f'{{"pdq": "{PDQ}", "quality": true}}', "the quality `True` is no"),
        ("a.jsonl", f'{{"pdq": ["{PDQ}"]}}', "is no pdq"),
        ("a.jsonl", "null", "a NoneType, expected an object"),
    ],
)
def test_a_bad_line_costs_only_itself_and_is_told(tmp_path, name, line, reason):
    header = {"a.csv": "pdq,id,quality\n"}.get(name, "\n")
    good = {"a.jsonl": json.dumps({"pdq": OTHER})}.get(name, OTHER)
    known = read(tmp_path, name, f"{header}{line}\n{good}\n", min_quality=50)
    assert [entry[0] for entry in found(known)] == [OTHER]
    ((number, told),) = [(bad.number, bad.reason) for bad in known.bad]
    assert number == 2
    assert reason in told


def test_a_headless_csv_does_not_lose_its_first_line(tmp_path):
    known = read(tmp_path, "a.csv", f"{PDQ[:-1]},typed badly\n{OTHER},case 2\n")
    assert found(known) == [(OTHER, "case 2")]
    assert [bad.number for bad in known.bad] == [1]


def test_a_list_of_the_other_algorithm_has_nothing_but_bad_lines(tmp_path):
    known = read(tmp_path, "a.txt", f"{PHASH}\n{PHASH}\n")
    assert (len(known), len(known.bad)) == (0, 2)
    assert found(read(tmp_path, "a.txt", f"{PHASH} x\n", algorithm="phash")) == [(PHASH, "x")]


def test_entries_alike_and_entries_with_other_ids_are_kept(tmp_path):
    known = read(tmp_path, "a.csv", f"hash,id\n{PDQ},a\n{PDQ},b\n{PDQ},a\n")
    assert found(known) == [(PDQ, "a"), (PDQ, "b"), (PDQ, "a")]


def test_bytes_that_are_no_text_cost_only_their_line(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xe9\xff\n" + OTHER.encode() + b" Andr\xe9\n")
    known = read_known(path, "pdq")
    assert [entry[0] for entry in found(known)] == [OTHER]
    assert [bad.number for bad in known.bad] == [1]


def test_an_empty_list_is_one(tmp_path):
    for text in ("", "\n\n", "# nothing yet\n"):
        known = read(tmp_path, "a.txt", text)
        assert (found(known), known.bad) == ([], ())
