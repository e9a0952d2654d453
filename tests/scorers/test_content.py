import base64

import pytest

from scorers.content import Content, ContentError, Media, Modality

PIXEL = b"GIF89a\x01\x00\x01\x00"


def test_a_record_becomes_a_content(tmp_path):
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "1.gif").write_bytes(PIXEL)
    record = {
        "id": "p1",
        "region": ["DE", "US"],
        "at": "2026-11-01T12:00:00Z",
        "text": "hello",
        "images": [{"path": "img/1.gif"}, {"base64": base64.b64encode(PIXEL).decode()}],
        "language": "de",
        "tags": ["a"],
        "author": {"id": "u7", "age_days": 12},
        "facts": {"content.context": "news"},
    }
    content = Content.from_record(record, tmp_path)
    assert (content.id, content.text, content.language, content.tags) == ("p1", "hello", "de", ("a",))
    assert content.facts == {"author.id": "u7", "author.age_days": 12, "content.context": "news"}
    assert [image.read() for image in content.images] == [PIXEL, PIXEL]
    assert content.modalities == {Modality.TEXT, Modality.IMAGE}


def test_an_empty_text_is_no_text():
    assert Content(text="").modalities == frozenset()
    assert Content(text=" ").modalities == {Modality.TEXT}


def test_media_of_every_kind_count_as_their_modality():
    one = (Media(data=b"x"),)
    assert Content(images=one, videos=one, audio=one).modalities == {Modality.IMAGE, Modality.VIDEO, Modality.AUDIO}


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname", "a/../../secret", "link/secret", "nul\0"])
def test_an_image_outside_the_folder_is_refused(tmp_path, path):
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(ContentError, match=r"images\[0\]"):
        Content.from_record({"images": [{"path": path}]}, folder)


def test_an_image_outside_the_folder_may_be_allowed(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "in").mkdir()
    content = Content.from_record({"images": [{"path": "../secret"}]}, tmp_path / "in", allow_outside=True)
    assert content.images[0].read() == b"x"


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"txt": "a"}, "did you mean `text`"),
        ({"text": 3}, "`text` is int, expected a string"),
        ({"images": "a.png"}, "`images` is str, expected a list"),
        ({"images": [3]}, r"`images\[0\]` is no medium"),
        ({"images": [{"path": 3}]}, "expected `path` or `base64` with a string"),
        ({"images": [{"url": "https://example.org/a.png"}]}, "does not fetch"),
        ({"images": [{"base64": "not base64!"}]}, "is no base64"),
        ({"author": ["u7"]}, "`author` is list, expected an object"),
    ],
)
def test_a_bad_record_says_what_is_wrong(tmp_path, record, message):
    with pytest.raises(ContentError, match=message):
        Content.from_record(record, tmp_path)


def test_a_medium_above_the_limit_is_not_read(tmp_path):
    (tmp_path / "big").write_bytes(b"12345")
    for medium in (Media(data=b"12345"), Media(path=tmp_path / "big")):
        assert medium.read(limit=5) == b"12345"
        with pytest.raises(ContentError, match="larger than 4 bytes"):
            medium.read(limit=4)


def test_a_medium_is_either_a_path_or_bytes(tmp_path):
    with pytest.raises(ContentError):
        Media()
    with pytest.raises(ContentError):
        Media(path=tmp_path, data=b"")
