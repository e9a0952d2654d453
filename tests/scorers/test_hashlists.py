import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.hashlists import read_hashes

MD5, SHA1, SHA256 = (
    hashlib.new(name, b"hello", usedforsecurity=False).hexdigest() for name in ("md5", "sha1", "sha256")
)


def read(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_hashes(path)


def hexes(known):
    return {name: {digest.hex() for digest in digests} for name, digests in known.digests.items()}


def test_of_a_row_the_good_hashes_are_kept(tmp_path):
    known = read(tmp_path, "a.jsonl", json.dumps({"md5": "typed badly", "sha1": SHA1, "sha256": SHA256}))
    assert hexes(known) == {"sha1": {SHA1}, "sha256": {SHA256}}
    assert known.bad[0].reason == "`typed badly` is no md5: it has 11 characters, expected 32 hexadecimal digits"


@pytest.mark.parametrize("header", ["SHA-256,MD5", " sha256 , md5 ", "\ufeffSha256,md5"])
def test_columns_may_be_written_in_other_ways(tmp_path, header):
    assert hexes(read(tmp_path, "a.csv", f"{header}\n{SHA256},{MD5}\n")) == {"sha256": {SHA256}, "md5": {MD5}}


def test_a_quote_that_is_never_closed_costs_its_line(tmp_path):
    known = read(tmp_path, "a.csv", f'name,md5\n"a,{SHA1}\nb,{MD5}\n')
    assert hexes(known) == {"md5": {MD5}}
    assert [bad.number for bad in known.bad] == [2]


def test_text_lists_tell_the_algorithm_by_length(tmp_path):
    known = read(
        tmp_path, "a.txt", f"# known\n{MD5}\n{SHA1}  # comment\n{SHA256}  some file.jpg\nSHA-256:{SHA256.upper()}\n"
    )
    assert hexes(known) == {"md5": {MD5}, "sha1": {SHA1}, "sha256": {SHA256}}
    assert known.bad == ()


def test_csv_columns_name_the_algorithm(tmp_path):
    known = read(tmp_path, "a.csv", f"name,md5,sha256,note\na,{MD5},,x\nb,,{SHA256},y\n")
    assert hexes(known) == {"md5": {MD5}, "sha256": {SHA256}}


def test_json_lines_may_hold_several_hashes_each(tmp_path):
    lines = [{"md5": MD5, "sha1": SHA1, "tags": ["x"]}, {"algorithm": "SHA256", "hash": SHA256}, {"hash": SHA1}]
    known = read(tmp_path, "a.jsonl", "\n\n".join(json.dumps(line) for line in lines))
    assert hexes(known) == {"md5": {MD5}, "sha1": {SHA1}, "sha256": {SHA256}}


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [
        ("a.txt", "abc", "`abc` has 3 characters, expected 32 (md5), 40 (sha1) or 64 (sha256)"),
        ("a.txt", "z" * 32, "`zzzzzzzzzzzz…` is no md5: expected 32 hexadecimal digits"),
        ("a.txt", f"sha256:{MD5}", "is no sha256: it has 32 characters, expected 64 hexadecimal digits"),
        ("a.txt", f"crc32:{MD5}", "unknown algorithm `crc32`, expected md5, sha1 or sha256"),
        ("a.csv", "x", "no hash: expected one of `md5`, `sha1`, `sha256`, `hash`"),
        ("a.csv", "x,zz", "`zz` is no md5"),
        ("a.jsonl", "{", "no JSON: "),
        ("a.jsonl", "[1]", "a list, expected an object"),
        ("a.jsonl", '{"sha256": 5}', "`5` is no sha256"),
        ("a.jsonl", '{"pdq": "00"}', "no hash: expected one of"),
        ("a.jsonl", "[" * 100_000, "no JSON: "),
    ],
)
def test_a_bad_line_costs_only_itself_and_is_told(tmp_path, name, line, reason):
    good = {"a.txt": MD5, "a.csv": f"x,{MD5}", "a.jsonl": json.dumps({"md5": MD5})}[name]
    header = "name,md5\n" if name == "a.csv" else "\n"
    known = read(tmp_path, name, f"{header}{line}\n{good}\n")
    assert hexes(known) == {"md5": {MD5}}
    assert [bad.number for bad in known.bad] == [2]
    assert reason in known.bad[0].reason


@given(text=st.text())
def test_no_file_makes_it_fail(tmp_path_factory, text):
    for name in ("a.txt", "a.csv", "a.jsonl"):
        read(tmp_path_factory.getbasetemp(), name, text)
