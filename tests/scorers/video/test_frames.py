import os
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scorers.deadline import within
from scorers.video import sample_clip
from scorers.video.container import MediaError
from scorers.video.frames import Frames
from scorers.video.sample import Limits, Sample
from tests.scorers.video.clips import clip, pictures, plain, tone, turned

GREYS = clip(pictures([30, 220, 60, 200], 1.0))
SILENCE = np.zeros(16000)
HUM = 0.3 * np.sin(np.arange(16000) / 9)


def times(video, sample="1s", limits=None):
    frames = Frames(video, Sample.read(sample), limits)
    return [round(frame.seconds, 2) for frame in frames], frames.incomplete


def levels(video, sample="1s"):
    return [round(float(frame.image.mean())) for frame in Frames(video, Sample.read(sample))]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("1s", [0, 1, 2, 3]),
        ({"every": "2s"}, [0, 2]),
        ("500ms", [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]),
        ("live", [0]),
        ({"live": "3s"}, [0, 3]),
        ("scenes", [0, 1, 2, 3]),
    ],
)
def test_each_policy_takes_its_frames(sample, expected):
    assert times(GREYS, sample) == (expected, "")


def test_key_frames_are_those_that_the_encoder_set():
    assert times(clip(pictures([30], 3.0), gop=10), "key_frames") == ([0, 1, 2], "")


def test_the_pictures_are_those_of_their_times():
    assert levels(GREYS) == pytest.approx([30, 220, 60, 200], abs=3)


@pytest.mark.parametrize(
    ("form", "codec"),
    [
        ("mp4", "libx264"),
        ("mp4", "libx265"),
        ("mp4", "mpeg4"),
        ("webm", "libvpx-vp9"),
        ("matroska", "libx264"),
        ("mpegts", "libx264"),
        ("avi", "mjpeg"),
        ("gif", "gif"),
    ],
)
def test_containers_and_codecs_of_uploads_are_read(form, codec):
    assert levels(clip(pictures([30, 220], 1.0), form=form, codec=codec)) == pytest.approx([30, 220], abs=8)


def test_a_path_is_read_like_bytes(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(GREYS)
    assert times(path) == times(GREYS)


def test_steady_motion_is_no_scene_and_a_long_scene_is_looked_at_again():
    moving = [plain(round(level)) for level in np.linspace(0, 250, 250)]
    assert times(clip(moving), "scenes")[0] == [0, 10, 20]


def test_what_flickers_all_the_time_is_one_scene():
    flicker = [plain(level) for _ in range(20) for level in (60, 120)]
    assert times(clip(flicker), "scenes")[0] == [0, 0.1]  # the first change is a jump


@pytest.mark.parametrize(("degrees", "bright"), [(90, "right"), (180, "bottom"), (270, "left")])
def test_a_turned_video_is_seen_upright(degrees, bright):
    top = plain(20)
    top[:32] = 230
    (frame, *_) = Frames(turned(clip([top] * 5), degrees))
    halves = {
        "bottom": frame.image[frame.image.shape[0] // 2 :],
        "left": frame.image[:, : frame.image.shape[1] // 2],
        "right": frame.image[:, frame.image.shape[1] // 2 :],
    }
    assert frame.image.shape[:2] == ((64, 96) if degrees == 180 else (96, 64))
    assert halves[bright].mean() > 200


def test_large_frames_are_scaled_down_in_proportion():
    (frame,) = Frames(clip(pictures([90], 0.5, width=640, height=320)), limits=Limits(side=320))
    assert frame.image.shape == (160, 320, 3)


@pytest.mark.parametrize(
    ("limits", "count", "reason"),
    [
        (Limits(frames=2), 2, "only the first 2 sampled frames were looked at"),
        (Limits(seconds=1.5), 2, "only the first 1.5 s were looked at"),
        (Limits(frames=4), 4, ""),
    ],
)
def test_a_limit_is_told_where_it_cuts(limits, count, reason):
    seen, incomplete = times(GREYS, limits=limits)
    assert (len(seen), incomplete) == (count, reason)


def test_time_for_decoding_ends_and_what_was_read_stays():
    frames = Frames(GREYS, Sample.read("100ms"), Limits(decode_seconds=60))
    seen = []
    for frame in frames:
        seen.append(frame)
        frames._budget._ends = 0
    assert len(seen) == 1
    assert "decoding took longer" in frames.incomplete


def test_no_more_time_is_taken_than_the_caller_has():
    with within(0.0), pytest.raises(MediaError, match="reading took longer than 0 s"):
        list(Frames(GREYS))


def test_too_many_pixels_are_refused_before_they_are_decoded():
    with pytest.raises(MediaError, match="its frames of 96 x 64 are above the limit of 6000 pixels"):
        list(Frames(GREYS, limits=Limits(pixels=6000)))


def test_a_stream_that_grows_above_the_limit_on_the_way_is_damaged_there():
    small, large = (clip(pictures([90], 1.0, width=w, height=w), form="mpegts", gop=5) for w in (64, 256))
    frames = Frames(small + large, limits=Limits(pixels=100 * 100))
    assert {frame.image.shape[:2] for frame in frames} == {(64, 64)}
    assert "damaged packets" in frames.incomplete


@pytest.mark.parametrize("form", ["mp4", "matroska", "mpegts"])
def test_a_cut_off_file_gives_what_can_be_read_and_says_so(form):
    noise = np.random.default_rng(1).integers(0, 255, (60, 64, 96, 3), np.uint8)
    whole = clip(list(noise), form=form)
    frames = Frames(whole[: len(whole) // 2])
    assert 1 <= len(list(frames)) <= 4
    assert frames.incomplete or form == "mpegts"  # a transport stream promises no length


def test_a_track_that_begins_on_the_way_is_told():
    """An FLV whose header speaks of video only (Adobe FLV specification 10.1, annex E.2), all sound after the pictures."""
    # Opening an FLV looks at 5 s, and at up to 90 s where a decoder wants more frames to tell its delay (libavformat/demux.c).
    whole = clip(pictures([30], 120.0, rate=1), form="flv", rate=1, sound=np.tile(HUM, 8))
    tags, at = [], 13
    while at < len(whole):
        size = int.from_bytes(whole[at + 1 : at + 4], "big") + 15
        tags.append(whole[at : at + size])
        at += size
    video, sound = (b"".join(tag for tag in tags if tag[0] == kind) for kind in (9, 8))
    assert times(whole[:4] + b"\1" + whole[5:13] + video + sound) == (
        list(range(120)),
        "another track begins on the way, and what follows was not read",
    )


def test_a_damaged_middle_costs_itself_only():
    noise = list(np.random.default_rng(1).integers(0, 255, (60, 64, 96, 3), np.uint8))
    whole = bytearray(clip(noise))
    at = len(whole) // 2
    whole[at : at + 2000] = bytes(2000)
    frames = Frames(bytes(whole))
    assert len(list(frames)) >= 4
    assert "damaged packets" in frames.incomplete


def test_a_long_stretch_without_a_key_frame_is_told():
    frames = Frames(clip(pictures([30], 40.0, rate=2), rate=2, gop=1000), Sample.read("key_frames"))
    assert len(list(frames)) == 1
    assert "no key frame for 40 s: sample by time, or by scenes" in frames.incomplete


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b"\0" * 4096, "no video or sound of a known kind"),
        (b"hello, world " * 500, "no video or sound of a known kind"),
        (GREYS[:60], "there is no video in it"),
        (GREYS[: GREYS.index(b"mdat")], "no frame of it can be read: it ends after 0.0 s of 4.0 s"),
        (tone(SILENCE), "there is sound in it, and no video"),
        (tone(SILENCE, "mp3", "libmp3lame"), "there is sound in it, and no video"),
    ],
)
def test_what_is_no_video_is_refused_with_a_reason(data, message):
    with pytest.raises(MediaError, match=message):
        list(Frames(data))


def test_an_image_is_no_video():
    file = BytesIO()
    from PIL import Image

    Image.fromarray(plain(90)).save(file, "PNG")
    with pytest.raises(MediaError, match="no video or sound of a known kind"):
        list(Frames(file.getvalue()))


def test_the_cover_of_a_song_is_no_video():
    file = BytesIO()
    with av.open(file, "w", format="mp3") as container:
        song = container.add_stream("libmp3lame", rate=16000, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        container.mux(cover.encode(av.VideoFrame.from_ndarray(plain(90, 64, 64), format="rgb24")))
        container.mux(cover.encode())
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.int16), format="s16", layout="mono")
        sound.sample_rate = 16000
        container.mux(song.encode(sound))
        container.mux(song.encode())
    with av.open(BytesIO(file.getvalue())) as container:
        assert len(container.streams.video) == 1
    with pytest.raises(MediaError, match="there is sound in it, and no video"):
        list(Frames(file.getvalue()))


def test_a_second_video_track_is_not_passed_over_in_silence():
    file = BytesIO()
    with av.open(file, "w", format="matroska") as container:
        tracks = [container.add_stream("libx264", rate=10) for _ in range(2)]
        for track in tracks:
            track.width, track.height, track.pix_fmt = 96, 64, "yuv420p"
        for level, track in zip((30, 220), tracks, strict=True):
            container.mux(track.encode(av.VideoFrame.from_ndarray(plain(level), format="rgb24")))
            container.mux(track.encode())
    seen, incomplete = times(file.getvalue())
    assert (seen, incomplete) == ([0], "1 more video tracks were not looked at")


def test_a_codec_that_uploads_do_not_have_is_refused():
    with pytest.raises(MediaError, match="its video codec `ffv1` is not read here"):
        list(Frames(clip(pictures([30], 0.5), form="matroska", codec="ffv1")))


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.mp4").touch()
    for name, message in {
        "pipe": "it is no regular file",
        "": "it is no regular file",
        "empty.mp4": "it is empty",
        "gone.mp4": "it cannot be read: No such file",
    }.items():
        with pytest.raises(MediaError, match=message):
            list(Frames(tmp_path / name))


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\n{name}\n#EXT-X-ENDLIST\n",
    "list.ffconcat": "ffconcat version 1.0\nfile {name}\n",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 33\n",
    "list.mpd": '<?xml version="1.0"?><MPD><Period><BaseURL>{name}</BaseURL></Period></MPD>',
}


@pytest.mark.parametrize("playlist", PLAYLISTS)
def test_a_file_that_names_another_never_opens_it(tmp_path, playlist):
    (tmp_path / "secret.ts").write_bytes(clip(pictures([30], 4.0), form="mpegts"))
    path = tmp_path / playlist
    path.write_text(PLAYLISTS[playlist].format(name="secret.ts"))
    for source in (path, path.read_bytes()):
        with pytest.raises(MediaError, match="no video or sound of a known kind"):
            list(Frames(source))


@pytest.mark.parametrize("playlist", ["list.m3u8", "list.ffconcat"])
def test_these_playlists_do_open_another_file_where_nobody_forbids_it(tmp_path, playlist):
    """The control: without our options FFmpeg follows them."""
    (tmp_path / "secret.ts").write_bytes(clip(pictures([30], 4.0), form="mpegts"))
    path = tmp_path / playlist
    path.write_text(PLAYLISTS[playlist].format(name="secret.ts"))
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 40


def test_an_abandoned_reader_gives_its_file_back(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(GREYS)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        frames = iter(Frames(path))
        next(frames)
        frames.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["mp4", "matroska", "mpegts", "avi"]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), min_size=1, max_size=12),
    st.floats(0.05, 1),
)
def test_a_mangled_file_is_read_or_refused_and_nothing_else(form, changes, kept):
    data = bytearray(MANGLED[form])
    for place, piece in changes:
        at = int(place * len(data))
        data[at : at + len(piece)] = piece
    frames = Frames(bytes(data[: int(len(data) * kept)]), Sample.read("500ms"), Limits(frames=20))
    try:
        for frame in frames:
            assert frame.image.ndim == 3
            assert np.isfinite(frame.seconds)
    except MediaError as error:
        assert str(error)


MANGLED = {
    form: clip(pictures([30, 220], 0.5, width=32, height=32), form=form, codec=codec, gop=4)
    for form, codec in {"mp4": "libx264", "matroska": "libx264", "mpegts": "libx264", "avi": "mjpeg"}.items()
}


@pytest.mark.parametrize("written", ["often", "0s", "-1s", {"every": 5}, {"every": "5s", "live": "5s"}, 3, None, "1h"])
def test_other_ways_to_sample_are_refused(written):
    with pytest.raises(ValueError, match=r"is no way to sample a video|is no time"):
        Sample.read(written)


def test_the_sample_clip_is_what_the_demo_has(tmp_path):
    sample_clip.main(tmp_path / "clip.mp4")
    for path in (tmp_path / "clip.mp4", Path(sample_clip.__file__).parents[2] / "limen/demo/media/clip.mp4"):
        assert times(path, "scenes") == ([0, 3], "")
