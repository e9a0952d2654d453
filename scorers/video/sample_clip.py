"""Draws a video of five seconds to try things on, that of the demo: `python -m scorers.video.sample_clip FILE.mp4`.

The sun rises over hills for three seconds, then a card shows a sentence for two.
"""

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, RATE = 480, 270, 12
SUNRISE, CARD = 3 * RATE, 2 * RATE
SENTENCE = "See you at the lake\non Sunday!"


def pictures() -> Iterator[Image.Image]:
    """Yield five seconds of pictures."""
    for number in range(SUNRISE):
        yield _sunrise(number / (SUNRISE - 1))
    yield from [_card()] * CARD


def _sunrise(share: float) -> Image.Image:
    sky = tuple(round(dark + (light - dark) * share) for dark, light in ((40, 150), (50, 200), (100, 240)))
    image = Image.new("RGB", (WIDTH, HEIGHT), sky)
    draw = ImageDraw.Draw(image)
    draw.circle((300, 230 - 150 * share), 32, fill=(250, 200, 80))
    for top, colour in ((170, (90, 130, 90)), (205, (60, 100, 70))):
        hill = [(x, top + 25 * math.sin(x / 70 + top)) for x in range(0, WIDTH + 10, 10)]
        draw.polygon([(0, HEIGHT), *hill, (WIDTH, HEIGHT)], fill=colour)
    return image


def _card() -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), (250, 248, 240))
    font = ImageFont.load_default(size=40)
    ImageDraw.Draw(image).multiline_text(
        (WIDTH / 2, HEIGHT / 2), SENTENCE, fill=(30, 30, 60), font=font, anchor="mm", align="center"
    )
    return image


def main(path: Path) -> None:
    """Encode the pictures as H.264 in MP4, its index in front."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "30", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for image in pictures():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")))
        container.mux(stream.encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
