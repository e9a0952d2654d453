import asyncio
import io
import wave
from email import message_from_bytes
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from limen.testing import ScorerContract
from scorers.builtin.transcript import PLUGIN
from scorers.content import Content, Media
from scorers.function import scorer
from scorers.registry import Registry
from scorers.remote import retries
from scorers.runner import Runner
from scorers.scorer import Count, Flag, Missing, Score, Text
from tests.scorers.remote.service import html, says, serving
from tests.scorers.video.clips import clip, pictures, tone

HUM = 0.3 * np.sin(2 * np.pi * 440 * np.arange(8000) / 16000)
LOUD, QUIET = tone(HUM), tone(HUM / 10)


@scorer(
    "rude",
    outputs={"text.rude": Score(), "words.any": Flag(), "words.count": Count(), "text.tongue": Text()},
    modality="text",
)
def rude(batch):
    """Finds the word `fool`."""
    return [
        Missing("no such language")
        if "…" in text
        else {
            "text.rude": 0.9 * ("fool" in text),
            "words.any": "fool" in text,
            "words.count": len(text),
            "text.tongue": "en",
        }
        for text in batch
    ]


@scorer("light", outputs={"image.light": Score()}, modality="image")
def light(batch):
    return [0.5 for _ in batch]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "the-key")
    monkeypatch.setattr(retries, "BASE_SECONDS", 0.001)


def fields(asked):
    """The fields of a multipart request."""
    kind = asked.headers["content-type"].encode()
    message = message_from_bytes(b"content-type: " + kind + b"\r\n\r\n" + asked.body)
    return {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}


def sent(asked):
    """The samples of the WAV that came in."""
    with wave.open(io.BytesIO(fields(asked)["file"].get_payload(decode=True))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767


def by_loudness(asked):
    """A service that understands what is loud as an insult, and nothing in what is quiet."""
    return says({"text": " You\nfool. " if np.abs(sent(asked)).max() > 0.2 else ""})


def registry():
    return Registry.of([PLUGIN, rude, light])


def configured(url, **settings):
    entry = {"use": "transcript", "url": url, "allow_private": True, "model": "m", "judges": ["rude"], **settings}
    return registry().configure({"it": entry}, Path())


def judged(url, *sounds, of="audio", **settings):
    setup = configured(url, of=of, **settings)
    assert setup.problems == ()
    media = tuple(Media(data=sound) for sound in sounds)
    content = Content(audio=media) if of == "audio" else Content(videos=media)
    (scored,) = asyncio.run(Runner(setup.scorers).run([content]))
    return scored.values, scored.missing


class TestContract(ScorerContract):
    plugin = PLUGIN
    contents = (
        Content(id="rude", audio=(Media(data=LOUD),)),
        Content(id="silent", text="x", audio=(Media(data=QUIET), Media(data=QUIET))),
        Content(id="broken", audio=(Media(data=b"no sound"),)),
    )

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _service(cls):
        with serving(by_loudness) as service, pytest.MonkeyPatch.context() as patch:
            patch.setenv("OPENAI_API_KEY", "the-key")
            cls.settings = MappingProxyType(
                {"url": service.url, "allow_private": True, "model": "m", "judges": ["rude"]}
            )
            yield

    def make(self):
        (made,) = registry().configure({"it": {"use": "transcript", **self.settings}}, Path()).scorers
        made.scorer.load()
        return made

    def test_it_refuses_unknown_settings(self):
        assert configured(self.settings["url"], modle="m").problems[0].message.endswith("did you mean `model`?")


def test_the_service_gets_a_plain_wav_and_what_it_understands_is_judged():
    with serving(by_loudness) as service:
        values, missing = judged(service.url, LOUD, parameters={"language": "en"})
        assert missing == {}
        assert values == {
            "audio_text.found": True,
            "audio_text.length": len("You fool."),
            "audio_text.rude": 0.9,
            "audio_text.words.any": True,
            "audio_text.words.count": len("You fool."),
        }
        (asked,) = service.asked
        assert (asked.method, asked.path) == ("POST", "/audio/transcriptions")
        assert asked.headers["authorization"] == "Bearer the-key"
        plain = {name: part.get_payload() for name, part in fields(asked).items() if name != "file"}
        assert plain == {"model": "m", "response_format": "json", "language": "en"}
        assert len(sent(asked)) == 8000


def test_where_nobody_speaks_nothing_is_found():
    with serving(by_loudness) as service:
        values, _ = judged(service.url, QUIET)
        assert values == {
            "audio_text.found": False,
            "audio_text.length": 0,
            "audio_text.rude": 0,
            "audio_text.words.any": False,
            "audio_text.words.count": 0,
        }


def test_of_several_sounds_the_highest_counts():
    with serving(by_loudness) as service:
        values, _ = judged(service.url, QUIET, LOUD)
        assert values["audio_text.rude"] == 0.9
        assert len(service.asked) == 2


def test_a_video_is_heard_and_one_without_sound_is_not_sent():
    with serving(by_loudness) as service:
        values, _ = judged(service.url, clip(pictures([90], 1.0)), of="video")
        assert values["video_text.found"] is False
        assert service.asked == []
        values, _ = judged(service.url, clip(pictures([90], 1.0), sound=HUM), of="video")
        assert values["video_text.rude"] == 0.9


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says({"error": {"code": "invalid_api_key"}}, 401), "the service answered 401 (invalid_api_key)"),
        (says({"words": "x"}), "the answer is not of the documented form: `text`: field required"),
        (says({"text": 3}), "the answer is not of the documented form: `text`"),
        (html(), "the service answered with text/html, expected JSON"),
        (says({}, 500), "the service answered 500 after 3 attempts"),
    ],
)
def test_a_service_that_fails_makes_everything_missing(answer, reason):
    with serving(lambda _: answer) as service:
        values, missing = judged(service.url, LOUD)
        assert values == {}
        assert len(missing) == 5
        assert all(told.startswith(reason) for told in missing.values())


@pytest.mark.parametrize(
    ("sound", "settings", "reason"),
    [
        (b"no sound", {}, "a sound is not sent: no video or sound of a known kind"),
        (b"", {}, "a sound is not sent: it is empty"),
        (LOUD, {"max_seconds": 0.2}, "a sound is not sent: only the first 0.2 s were listened to"),
    ],
)
def test_what_cannot_be_sent_whole_is_not_sent(sound, settings, reason):
    with serving(by_loudness) as service:
        values, missing = judged(service.url, sound, **settings)
        assert (values, service.asked) == ({}, [])
        assert all(told.startswith(reason) for told in missing.values())


def test_a_judge_that_fails_makes_its_own_outputs_missing():
    with serving(lambda _: says({"text": "what … ever"})) as service:
        values, missing = judged(service.url, LOUD)
        assert values == {"audio_text.found": True, "audio_text.length": 11}
        assert set(missing.values()) == {"no such language"}


def test_without_the_key_it_does_not_load(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with serving(by_loudness) as service:
        _, missing = judged(service.url, LOUD)
        assert "the environment variable `OPENAI_API_KEY` is not set" in missing["audio_text.rude"]
        assert service.asked == []


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ({"judges": ["light"]}, "judges.0", "`light` gives no score, flag or count of texts"),
        ({"judges": ["rude", "rude"]}, "judges.1", "two outputs would be `audio_text.rude`"),
        ({"judges": ["rud"]}, "judges.0.use", "did you mean `rude`?"),
        ({"max_seconds": 3600}, "max_seconds", "less than or equal to 780"),
        ({"key_env": "sk-123"}, "key_env", "expected the name of an environment variable"),
    ],
)
def test_settings_that_cannot_be_used_are_told_with_their_key(settings, key, message):
    (problem,) = configured("https://service.example/v1", **settings).problems
    assert problem.key == key
    assert message in problem.message
