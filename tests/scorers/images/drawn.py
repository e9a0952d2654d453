"""Small neutral pictures, drawn here, for the tests of whatever looks at images."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def saved(image, format="PNG", **options):
    """Return the picture as the bytes of a file."""
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def gradient(width=48, height=32):
    """Return a picture whose every corner differs: red grows to the right, green downwards, blue is 80."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.dstack([x, y, np.full_like(x, 80)]).astype(np.uint8), "RGB")


def written(text, size=32, ink="black", paper="white", font=None):
    """Return a picture of lines of text."""
    face = ImageFont.truetype(str(font), size) if font else ImageFont.load_default(size)
    lines = text.splitlines()
    width = max(int(face.getlength(line)) for line in lines) + 2 * size
    image = Image.new("RGB", (width, int(1.5 * size * len(lines)) + size), paper)
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((size, size // 2 + number * int(1.5 * size)), line, fill=ink, font=face)
    return image


def data_folder():
    """Return the folder of shared data, or None."""
    import os

    path = os.environ.get("LIMEN_DATA")
    return Path(path) if path else None
