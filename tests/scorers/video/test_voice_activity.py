"""`speech.ogg`: 2 s of silence, 5.2 s of an English sentence spoken by eSpeak NG, 2 s of silence."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from limen.testing import ScorerContract
from scorers.builtin.voice_activity import PLUGIN
from scorers.content import Content, Media
from scorers.registry import Registry
from scorers.runner import Runner
from scorers.video import voice
from scorers.video.container import MediaError
from scorers.video.sample import Limits
from scorers.video.sound import RATE, Sound, wav
from scorers.video.voice import VoiceModel
from tests.scorers.video.clips import clip, pictures, tone

SPEECH = (Path(__file__).parent / "speech.ogg").read_bytes()
SPOKEN = np.concatenate(list(Sound(SPEECH)))
WORD = tone(SPOKEN[40000:56000])
NOISE = np.random.default_rng(0).normal(0, 0.1, RATE)
HUM = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)


def scored(*sounds, of="audio", **settings):
    setup = Registry.of([PLUGIN]).configure({"it": {"use": "voice-activity", "of": of, **settings}}, Path())
    assert setup.problems == ()
    media = tuple(Media(data=sound) for sound in sounds)
    content = Content(audio=media) if of == "audio" else Content(videos=media)
    (result,) = asyncio.run(Runner(setup.scorers).run([content]))
    return result


class TestContract(ScorerContract):
    plugin = PLUGIN
    settings = {"device": "cpu"}  # noqa: RUF012
    contents = (
        Content(id="speech", audio=(Media(data=WORD),)),
        Content(id="noise", text="x", audio=(Media(data=tone(NOISE)), Media(data=WORD))),
        Content(id="broken", audio=(Media(data=b"no sound"),)),
        Content(id="text", text="x"),
    )


class TestContractOfVideos(ScorerContract):
    plugin = PLUGIN
    settings = {"of": "video", "device": "cpu"}  # noqa: RUF012
    contents = (
        Content(id="speaking", videos=(Media(data=clip(pictures([90], 1.0), sound=SPOKEN[40000:56000])),)),
        Content(id="mute", videos=(Media(data=clip(pictures([90], 1.0))),)),
    )


def test_speech_is_heard_where_somebody_speaks():
    values = scored(SPEECH).values
    assert values["audio.speech_share"] == pytest.approx(4.8 / 9.2, abs=0.05)
    assert values["audio.seconds"] == 9


@pytest.mark.parametrize("sound", [NOISE, HUM, np.zeros(RATE)])
def test_noise_and_tones_are_no_speech(sound):
    assert scored(tone(sound)).values["audio.speech_share"] == 0


@pytest.mark.parametrize(
    ("form", "codec", "rate"), [("mp3", "libmp3lame", 16000), ("flac", "flac", 16000), ("ogg", "libopus", 48000)]
)
def test_other_codecs_and_rates_say_nearly_the_same(form, codec, rate):
    share = scored(tone(SPOKEN, form, codec, rate)).values["audio.speech_share"]
    assert share == pytest.approx(scored(SPEECH).values["audio.speech_share"], abs=0.03)


def test_several_sounds_are_heard_as_one():
    values = scored(SPEECH, tone(np.zeros(9 * RATE))).values
    assert values["audio.speech_share"] == pytest.approx(4.8 / 18.2, abs=0.05)
    assert values["audio.seconds"] == 18


def test_a_video_is_heard_by_its_sound_track():
    speaking, mute = clip(pictures([90], 9.0), sound=SPOKEN), clip(pictures([90], 1.0))
    assert scored(speaking, of="video").values["video_sound.speech_share"] == pytest.approx(0.52, abs=0.05)
    assert scored(mute, of="video").values == {"video_sound.speech_share": 0, "video_sound.seconds": 0}


@pytest.mark.parametrize(
    ("sounds", "settings", "reason"),
    [
        ((b"no sound",), {}, "a sound is not heard: no video or sound of a known kind"),
        ((SPEECH, b""), {}, "a sound is not heard: it is empty"),
        ((SPEECH,), {"max_seconds": 2}, "only the first 2 s were listened to"),
        ((tone(SPOKEN, "flac", "flac")[:100_000],), {}, "it ends after"),
    ],
)
def test_what_was_not_heard_is_missing_with_its_reason(sounds, settings, reason):
    result = scored(*sounds, **settings)
    assert result.values == {}
    assert all(reason in told for told in result.missing.values())


def test_blocks_of_any_size_make_the_same_probabilities():
    model = VoiceModel.open("cpu")
    long = np.tile(SPOKEN, 3)
    (whole, *more) = model.probabilities([long])
    pieces = model.probabilities(np.array_split(long, 97))
    assert len(more) == 1
    assert np.array_equal(np.concatenate([whole, *more]), np.concatenate(list(pieces)))


def test_what_the_model_remembers_goes_from_block_to_block(monkeypatch):
    model = VoiceModel.open("cpu")
    (whole,) = model.probabilities([SPOKEN])
    monkeypatch.setattr(voice, "STRETCHES", 7)
    assert np.allclose(whole, np.concatenate(list(model.probabilities([SPOKEN]))), atol=1e-5)


def test_nothing_is_no_speech():
    assert VoiceModel.open("cpu").speech([]) == (0, 0)


def test_a_wav_of_a_sound_is_that_sound():
    sound = Sound(SPEECH)
    again = np.concatenate(list(Sound(wav(sound))))
    assert np.abs(again - SPOKEN).max() < 2e-4
    assert sound.seconds == pytest.approx(9.2, abs=0.1)


def test_a_rate_that_no_sound_has_is_refused():
    at = WORD.index(b"fmt ") + 12
    with pytest.raises(MediaError, match="its rate of 754000000 Hz is none: expected 1000 to 384000"):
        list(Sound(WORD[:at] + (754_000_000).to_bytes(4, "little") + WORD[at + 4 :]))


def test_the_limit_holds_to_the_sample():
    sound = Sound(SPEECH, Limits(seconds=1.5))
    assert sum(map(len, sound)) == 1.5 * RATE
    exact = Sound(tone(np.zeros(RATE)), Limits(seconds=1))
    assert (sum(map(len, exact)), exact.incomplete) == (RATE, "")


@pytest.mark.parametrize(
    ("data", "message"),
    [(WORD[:20], "no video or sound of a known kind"), (WORD[:78], "nothing of its sound can be read")],
)
def test_a_file_without_a_sample_is_refused(data, message):
    with pytest.raises(MediaError, match=message):
        list(Sound(data))
