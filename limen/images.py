"""Bytes of an image file -> pixels, within limits: for scorers that others write.

from limen.images import ImageRefusedError, decode

try:
    frames = decode(medium.read())
except ImageRefusedError as refused:
    ...  # give `limen.Missing(str(refused))`
"""

from scorers.images.decode import FORMATS, Decoding, ImageRefusedError, decode, size_of

__all__ = ["FORMATS", "Decoding", "ImageRefusedError", "decode", "size_of"]
