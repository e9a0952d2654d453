"""Whatever bytes come: pixels that are right, or a reason; never another exception, a warning, or gigabytes."""

import struct
import threading
import warnings
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from scorers.images.decode import Decoding, ImageRefusedError, decode, size_of
from scorers.images.quiet import Quiet
from tests.scorers.images.drawn import gradient, saved

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
PICTURE = np.asarray(gradient())
NEAR = 40  # what JPEG and colour spaces may cost a channel, of 255


def one(data, **how):
    (pixels,) = decode(data, Decoding(**how))
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    return pixels


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "JPEG", "WEBP", "AVIF"])
def test_every_format_gives_the_picture(kind):
    pixels = one(saved(gradient(), kind))
    assert pixels.shape == PICTURE.shape
    assert np.abs(pixels.astype(int) - PICTURE).mean() < NEAR / 4


@pytest.mark.parametrize(
    ("mode", "file", "near"),
    [("L", "PNG", 0), ("LA", "PNG", 0), ("1", "PNG", 0), ("P", "PNG", 0), ("RGBA", "PNG", 0), ("P", "BMP", 0),
     ("CMYK", "JPEG", 10), ("L", "JPEG", 10), ("RGBA", "WEBP", 10), ("RGBA", "AVIF", 10)],
)  # fmt: skip
def test_every_colour_mode_gives_rgb(mode, file, near):
    source = gradient().convert(mode)
    assert np.abs(one(saved(source, file)).astype(int) - np.asarray(source.convert("RGB"))).mean() <= near


def test_a_cmyk_jpeg_is_no_negative():
    pixels = one(saved(Image.new("RGB", (16, 16), RED).convert("CMYK"), "JPEG"))
    assert np.abs(pixels.astype(int) - RED).max() < NEAR


def test_sixteen_bits_keep_their_top_byte():
    deep = np.array([[0, 255, 256, 65_535]], np.uint16)
    assert one(saved(Image.fromarray(deep)))[0, :, 0].tolist() == [0, 0, 1, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(orientation):
    back = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90",
            7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    stored = gradient()
    if orientation > 1:
        stored = stored.transpose(Image.Transpose[back[orientation]])
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("PNG", "JPEG", "WEBP"):
        pixels = one(saved(stored, kind, exif=exif))
        assert pixels.shape == PICTURE.shape, kind
        assert np.abs(pixels.astype(int) - PICTURE).mean() < NEAR / 4, kind


def test_broken_exif_leaves_the_picture():
    exif = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff" + bytes(range(200))
    assert one(saved(gradient(), "JPEG", exif=exif)).shape == PICTURE.shape


@pytest.mark.parametrize("background", [WHITE, (0, 0, 0), (10, 200, 30)])
def test_what_is_transparent_lies_on_the_background(background):
    half = Image.new("RGBA", (2, 1), (*RED, 255))
    half.putpixel((1, 0), (*BLUE, 0))
    clear = Image.new("P", (1, 1), 0)
    clear.putpalette(GREEN)
    for data in (saved(half), saved(half, "WEBP", lossless=True)):
        assert one(data, background=background)[0].tolist() == [[*RED], [*background]]
    for data in (
        saved(clear, transparency=0),
        saved(clear, transparency=bytes([0])),
        saved(clear, "GIF", transparency=0),
    ):
        assert one(data, background=background)[0].tolist() == [[*background]]


def test_a_half_transparent_pixel_is_mixed():
    assert one(saved(Image.new("RGBA", (1, 1), (0, 0, 0, 128))), background=WHITE)[0, 0, 0] in {126, 127, 128}


COLOURS = [(index * 25, 255 - index * 25, 60) for index in range(10)]


def animation(kind):
    frames = [Image.new("RGB", (8, 6), colour) for colour in COLOURS]
    options = {"lossless": True} if kind == "WEBP" else {}
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize(
    ("frames", "seen"), [(1, [0]), (2, [0, 5]), (3, [0, 3, 6]), (10, [*range(10)]), (99, [*range(10)])]
)
def test_of_an_animation_an_even_sample_is_seen(kind, frames, seen):
    colours = [pixels[0, 0].astype(int) for pixels in decode(animation(kind), Decoding(frames=frames))]
    assert len(colours) == len(seen)
    assert all(np.abs(colour - COLOURS[index]).max() <= 3 for colour, index in zip(colours, seen, strict=True))


def test_an_animation_is_followed_as_far_as_the_pixels_reach():
    frames = decode(animation("GIF"), Decoding(frames=99, max_pixels=4 * 48))
    assert len(frames) == 4


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width, height, mode=2, depth=8, rows=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, mode, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def webp_of(width, height):
    canvas = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


BOMBS = {
    "png": png_of(50_001, 1_000),
    "png, above Pillow's warning": png_of(12_000, 12_000, rows=bytes(12_000 * 100)),
    "png, above Pillow's limit": png_of(2**31 - 1, 2**31 - 1),
    "webp": webp_of(16_383, 16_383),
    "webp, canvas alone": webp_of(2**24, 2**24),
    "gif": b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + b",\0\0\0\0\xff\xff\xff\xff\0\2\0;",
    "bmp": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
    "a real one": saved(Image.new("1", (30_000, 20_000))),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_by_its_header(bomb, recwarn):
    with pytest.raises(ImageRefusedError, match="pixels"):
        decode(BOMBS[bomb])
    assert not recwarn.list


def test_the_canvas_of_a_webp_is_measured_before_its_decoder_takes_the_memory(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the decoder was made")

    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(ImageRefusedError, match="it has 9000 x 9000 pixels"):
        decode(webp_of(9_000, 9_000))


def test_the_limit_is_a_setting():
    data = saved(gradient(48, 32))
    assert one(data, max_pixels=48 * 32).shape == (32, 48, 3)
    with pytest.raises(ImageRefusedError, match="it has 48 x 32 pixels, more than `max_pixels`, 1535"):
        decode(data, Decoding(max_pixels=48 * 32 - 1))


def test_a_frame_that_outgrows_the_first_ends_the_sample():
    small, large = Image.new("P", (8, 6)), Image.new("P", (900, 900))
    frames = decode(saved(large, "GIF"), Decoding())
    assert frames[0].shape == (900, 900, 3)
    first, second = saved(small, "GIF"), saved(large, "GIF")
    growing = first[:-1] + second[second.index(b",") :]  # the second's picture after the first's, on a canvas of 8 x 6
    assert [frame.shape for frame in decode(growing, Decoding(frames=2))] == [(6, 8, 3), (900, 900, 3)]
    assert [frame.shape for frame in decode(growing, Decoding(frames=2, max_pixels=10_000))] == [(6, 8, 3)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"<html>not found</html>", "it is no image, or broken at its start"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is no image"),
        (saved(gradient(), "TIFF"), "it is no image"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "it is no image"),
        (b"\x89PNG\r\n\x1a\n", "it is no image, or broken at its start"),
        (saved(gradient(200, 200), "JPEG")[:-400], "it cannot be decoded: OSError: image file is truncated"),
        (saved(gradient())[:-60], "it cannot be decoded"),
        (saved(gradient(), "WEBP")[:-60], "it is no image|cannot be decoded"),
    ],
)  # fmt: skip
def test_what_is_no_whole_picture_is_refused_with_the_reason(data, reason):
    with pytest.raises(ImageRefusedError, match=reason):
        decode(data)


def test_the_size_is_read_without_decoding():
    assert size_of(saved(gradient(48, 32), "JPEG")) == (48, 32)
    assert size_of(png_of(12_000, 12_000)) == (12_000, 12_000)
    with pytest.raises(ImageRefusedError):
        size_of(b"GIF89a")


@pytest.mark.parametrize("wrong", [{"max_pixels": 0}, {"max_pixels": 10**9}, {"frames": 0}])
def test_limits_that_would_be_none_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Decoding(**wrong)


SEEDS = [saved(gradient(20, 14), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "AVIF")]
SEEDS += [animation("GIF"), animation("WEBP"), animation("PNG")]
SEEDS += [saved(gradient(20, 14).convert("CMYK"), "JPEG", progressive=True), saved(gradient(20, 14).convert("LA"))]


@st.composite
def corrupted(draw):
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 8))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    start, end = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
    how = draw(st.sampled_from(["leave", "cut the end", "cut out", "double", "add"]))
    if how == "cut the end":
        del data[start:]
    elif how == "cut out":
        del data[start:end]
    elif how == "double":
        data[start:start] = data[start:end]
    elif how == "add":
        data += draw(st.binary(max_size=64))
    return bytes(data)


def assert_pixels_or_a_reason(data):
    how = Decoding(frames=4, max_pixels=1_000_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            frames = decode(data, how)
        except ImageRefusedError as refused:
            assert str(refused)
            assert "\n" not in str(refused)
        else:
            assert frames
            assert sum(frame.size for frame in frames) <= 3 * how.max_pixels
            assert all(frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3 for frame in frames)


@given(corrupted() | st.binary(max_size=200))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_noise_gives_pixels_or_a_reason(data):
    assert_pixels_or_a_reason(data)


@pytest.mark.deep
@given(corrupted())
@settings(max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_much_noise_gives_pixels_or_a_reason(data):
    assert_pixels_or_a_reason(data)


def test_warnings_of_others_pass_and_the_filters_come_back():
    quiet, inside, leave = Quiet(), threading.Event(), threading.Event()
    before = list(warnings.filters)

    def late():
        with quiet:
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=late)
    with quiet:
        thread.start()
        assert inside.wait(10)
    assert warnings.filters != before, "one thread is still inside"
    with pytest.warns(UserWarning, match="mine"):
        warnings.warn("mine", stacklevel=1)
    with warnings.catch_warnings(record=True) as heard:
        warnings.warn_explicit("theirs", UserWarning, "TiffImagePlugin.py", 1, module="PIL.TiffImagePlugin")
    assert heard == []
    leave.set()
    thread.join()
    assert warnings.filters == before


def test_many_threads_decode_at_once(recwarn):
    data = [saved(gradient(), "JPEG"), BOMBS["png, above Pillow's warning"], SEEDS[5][:-30]] * 8
    results = [None] * len(data)

    def work(index):
        try:
            results[index] = decode(data[index])[0].shape
        except ImageRefusedError as refused:
            results[index] = str(refused)[:12]

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(data))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[:3] == results[-3:]
    assert None not in results
    assert not recwarn.list


def test_reading_leaves_pillow_as_it_was():
    limit = Image.MAX_IMAGE_PIXELS
    decode(saved(gradient()))
    assert limit == Image.MAX_IMAGE_PIXELS
    assert Image.open(BytesIO(saved(gradient()))).size == (48, 32)
