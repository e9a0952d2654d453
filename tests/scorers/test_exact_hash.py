import asyncio
import hashlib
import json
import time

import pytest

from scorers.builtin.exact_hash import PLUGIN, ExactHashScorer, ExactHashSettings
from scorers.content import Content, Media
from scorers.registry import Registry
from scorers.runner import Runner
from scorers.scorer import Missing, SettingsError


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def hashes(folder, lines, **settings):
    (folder / "known.txt").write_text("\n".join(lines), encoding="utf-8")
    return ExactHashScorer(ExactHashSettings.model_validate({"lists": {"known": "known.txt"}} | settings), folder)


def match(scorer, content):
    (row,) = scorer.score([content])
    return row["hash.known.match"]


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_a_medium_is_found_by_its_bytes(tmp_path, algorithm):
    (tmp_path / "picture").write_bytes(b"known")
    scorer = hashes(tmp_path, [hashlib.new(algorithm, b"known", usedforsecurity=False).hexdigest()])
    assert match(scorer, Content(images=(Media(data=b"other"), Media(path=tmp_path / "picture"))))
    assert match(scorer, Content(videos=(Media(data=b"known"),)))
    assert match(scorer, Content(audio=(Media(data=b"known"),)))
    assert not match(scorer, Content(images=(Media(data=b"other"),)))


def test_a_text_is_found_by_its_utf8_bytes(tmp_path):
    scorer = hashes(tmp_path, [sha256("gr\u00fc\u00df".encode())])
    assert match(scorer, Content(text="gr\u00fc\u00df"))
    assert not match(scorer, Content(text="gru\u00df"))
    assert match(scorer, Content(text="\ud800")) is False


def test_nothing_there_is_no_match(tmp_path):
    assert match(hashes(tmp_path, [sha256(b"")]), Content()) is False


def test_what_is_hashed_can_be_narrowed(tmp_path):
    scorer = hashes(tmp_path, [sha256(b"known")], of=["image"])
    assert scorer.outputs["hash.known.match"].modality == "image"
    assert not match(scorer, Content(text="known"))
    assert match(scorer, Content(images=(Media(data=b"known"),)))


def test_outputs_are_named_by_prefix_and_list(tmp_path):
    (tmp_path / "known.jsonl").write_text(json.dumps({"sha256": sha256(b"known")}))
    entry = {"use": "exact-hash", "lists": {"csam": "known.jsonl"}}
    setup = Registry.of([PLUGIN]).configure({"hash": entry, "other": entry | {"prefix": "media"}}, tmp_path)
    assert list(setup.outputs) == ["hash.csam.match", "media.csam.match"]
    (result,) = asyncio.run(Runner(setup.scorers).run([Content(text="known")]))
    assert result.values == {"hash.csam.match": True, "media.csam.match": True}


def test_a_medium_that_cannot_be_read_is_missing_unless_another_matches(tmp_path):
    scorer = hashes(tmp_path, [sha256(b"known")])
    gone = Media(path=tmp_path / "gone")
    assert match(scorer, Content(text="x", images=(gone,))) == Missing(
        "image 1: cannot be read: No such file or directory"
    )
    assert match(scorer, Content(images=(gone, Media(data=b"known")))) is True


def test_bad_lines_are_told_one_by_one_and_the_others_work(tmp_path):
    scorer = hashes(tmp_path, ["abc", sha256(b"known"), *["def"] * 30])
    assert match(scorer, Content(text="known"))
    assert len(scorer.warnings) == 21
    assert scorer.warnings[0] == (
        "known.txt:1: `abc` has 3 characters, expected 32 (md5), 40 (sha1) or 64 (sha256); it is left out"
    )
    assert scorer.warnings[-1] == "known.txt: 11 more are left out"


def test_lists_can_be_read_again_and_stay_if_that_fails(tmp_path):
    scorer = hashes(tmp_path, [sha256(b"old")])
    (tmp_path / "known.txt").write_text(sha256(b"new"))
    assert match(scorer, Content(text="old"))
    scorer.reload()
    assert (match(scorer, Content(text="old")), match(scorer, Content(text="new"))) == (False, True)
    (tmp_path / "known.txt").unlink()
    with pytest.raises(SettingsError):
        scorer.reload()
    assert match(scorer, Content(text="new"))


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ({"lists": {"a": "gone.txt"}}, "lists.a", "there is no list `gone.txt`"),
        ({"lists": {"a": "../up.txt"}}, "lists.a", "leaves the folder"),
        ({"lists": {"a": "."}}, "lists.a", "cannot be read"),
        ({"lists": {"a": "\0"}}, "lists.a", "is no usable path"),
        ({"lists": {"a": "latin.txt"}}, "lists.a", "has no usable hash: line 1: "),
        ({"lists": {"a-b": "known.txt"}}, "lists.a-b.[key]", "`a-b` is no name"),
        ({"lists": {}, "of": ["smell"]}, "of", "'text', 'image', 'video' or 'audio'"),
        ({"lists": {}, "of": []}, "of", "name at least one of text, image"),
        ({"lists": {}, "prefix": "A"}, "prefix", "`A` is no name"),
    ],
)
def test_settings_that_cannot_be_used_say_where_and_what(tmp_path, settings, key, message):
    pack = tmp_path / "pack"
    pack.mkdir()
    (tmp_path / "up.txt").write_text("")
    (pack / "latin.txt").write_bytes(b"\xe9")
    (problem,) = Registry.of([PLUGIN]).configure({"h": {"use": "exact-hash"} | settings}, pack).problems
    assert problem.key.startswith(key)
    assert message in problem.message


def test_lists_that_change_are_read_again_by_themselves(tmp_path):
    scorer = hashes(tmp_path, [sha256(b"old")], refresh_s=0.01)
    (tmp_path / "known.txt").write_text(sha256(b"new"))
    end = time.monotonic() + 10
    while match(scorer, Content(text="old")) and time.monotonic() < end:
        time.sleep(0.005)
    assert (match(scorer, Content(text="old")), match(scorer, Content(text="new"))) == (False, True)


def test_a_list_that_turned_bad_is_told_and_the_old_one_stays(tmp_path):
    scorer = hashes(tmp_path, [sha256(b"old")])
    (tmp_path / "known.txt").write_text("<html>404</html>\n")
    assert not scorer.refresh()
    assert match(scorer, Content(text="old"))
    (warning,) = scorer.warnings
    assert warning.startswith("the list `known.txt` has no usable hash: line 1: `<html>404</html>` has 16 characters")
