"""A content -> what is made of each frame of its images, or the reason why one of them cannot be seen."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from scorers.content import Content, ContentError, Media
from scorers.images.decode import Decoding, ImageRefusedError, decode
from scorers.scorer import Missing

if TYPE_CHECKING:
    from scorers.images.decode import Pixels

T = TypeVar("T")


def of_frames(content: Content, how: Decoding, make: "Callable[[Pixels], T]") -> list[T] | Missing:
    """Return `make` of each frame, in the order of the images; pixels of one image at a time are held in memory.

    An image that cannot be read or decoded makes the whole `Missing`: what was not seen cannot be called harmless.
    """
    if not content.images:
        return Missing("there is no image")
    try:
        return [make(frame) for number, image in enumerate(content.images, 1) for frame in _frames(image, number, how)]
    except ImageRefusedError as refused:
        return Missing(str(refused))


def _frames(image: Media, number: int, how: Decoding) -> "Iterator[Pixels]":
    try:
        yield from decode(image.read(), how)
    except OSError as error:
        raise ImageRefusedError(f"image {number}: cannot be read: {error.strerror or error}") from error
    except (ContentError, ImageRefusedError) as error:
        raise ImageRefusedError(f"image {number}: {error}") from error
