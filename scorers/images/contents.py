"""A content -> what is made of each frame of its images, or the reason why one of them cannot be seen."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from scorers.content import Content, ContentError
from scorers.images.decode import Decoding, ImageRefusedError, decode
from scorers.scorer import Missing

if TYPE_CHECKING:
    from scorers.images.decode import Pixels

T = TypeVar("T")


def of_frames(content: Content, how: Decoding, make: "Callable[[Pixels], T]") -> list[T] | Missing:
    """Return `make` of each frame, in the order of the images; pixels of one image at a time are held in memory.

    An image that cannot be read or decoded, or that `make` refuses (ImageRefusedError), makes the whole `Missing`: what
    was not seen cannot be called harmless.
    """
    made: list[T] = []
    for number, image in enumerate(content.images, 1):
        try:
            made += [make(frame) for frame in decode(image.read(), how)]
        except OSError as error:
            return Missing(f"image {number}: cannot be read: {error.strerror or error}")
        except (ContentError, ImageRefusedError) as error:
            return Missing(f"image {number}: {error}")
    return made or Missing("there is no image")
