"""Images -> for each list of known perceptual hashes, how near the nearest is, and whether that is near enough."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, model_validator

from scorers.content import Content, ContentError, Media
from scorers.hashes import PDQ_BITS, PHASH_BITS, HashIndex, Match, pdq_of, pdq_turned, phash_of, phash_turned
from scorers.hashes.lists import KnownHashes, read_known
from scorers.hashlists import left_out, list_of
from scorers.images.decode import Decoding, ImageRefusedError, decode
from scorers.onnx.runtime import needed
from scorers.scorer import (
    Cost,
    Count,
    Flag,
    Missing,
    Name,
    Output,
    Plugin,
    Prefix,
    Row,
    Scorer,
    Settings,
)
from scorers.watched import Watched

BITS = MappingProxyType({"pdq": PDQ_BITS, "phash": PHASH_BITS})
NEAR = MappingProxyType({"pdq": 31, "phash": 8})
"""Default `max_distance`. 31: `PDQ_CONFIDENT_MATCH_THRESHOLD` of Meta's python-threatexchange, which HMA uses. 8: two hashes
with no relation are that near by a chance of 3e-10, one picture and a million of them by 3e-4 (binomial, 64 fair bits)."""
FUNCTIONS = MappingProxyType({"pdq": (pdq_of, pdq_turned), "phash": (phash_of, phash_turned)})
LIBRARIES = MappingProxyType({"pdq": ("numpy", "PIL", "pdqhash"), "phash": ("numpy", "PIL")})


class ListSettings(Settings):
    """One list. A bare path stands for its `path`."""

    path: str
    max_distance: int | None = Field(default=None, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value


class PerceptualHashSettings(Settings):
    """Settings of `perceptual-hash`; the lists give the outputs their names."""

    algorithm: Literal["pdq", "phash"] = Field(default="pdq", description="which hash: pdq or phash")
    lists: Mapping[Name, ListSettings] = Field(
        description="name -> path of a list of hashes (text, .csv, .jsonl), or {path, max_distance}"
    )
    max_distance: int | None = Field(
        default=None, ge=0, description="how many bits may differ in a match; 31 for pdq, 8 for phash unless stated"
    )
    min_quality: int = Field(default=50, ge=1, le=100, description="hashes of less quality are not used")
    low_quality: Literal["missing", "no_match"] = Field(
        default="missing", description="what an image without a usable hash is: missing or no_match"
    )
    rotations: bool = Field(default=False, description="look for the image rotated and mirrored, too")
    frames: int = Field(default=8, ge=1, le=64, description="at how many frames of an animation to look")
    prefix: Prefix = Field(default="hash", description="first part of the outputs' names")
    refresh_s: float = Field(default=60, ge=0, description="look for changed lists every so many seconds; 0: never")
    threads: int = Field(default=1, ge=1, le=64, description="threads that search the index for one batch")

    @model_validator(mode="after")
    def _not_at_random(self) -> "PerceptualHashSettings":
        limit = BITS[self.algorithm] // 4
        for distance in (self.max_distance, *(list_.max_distance for list_ in self.lists.values())):
            if distance is not None and distance > limit:
                raise ValueError(
                    f"`max_distance` is {distance}, expected at most {limit}: beyond a quarter of the "
                    f"{BITS[self.algorithm]} bits, pictures that have nothing in common match"
                )
        return self

    def within(self, name: str) -> int:
        """Return how many bits may differ in a match with the list."""
        for distance in (self.lists[name].max_distance, self.max_distance):
            if distance is not None:
                return distance
        return NEAR[self.algorithm]


class Known:
    """The lists as they were read together; the index is made where it is first asked for."""

    def __init__(self, lists: Mapping[str, KnownHashes], bits: int) -> None:
        self.lists = lists
        self._bits = bits

    @cached_property
    def index(self) -> HashIndex:
        entries = (entry for name, known in self.lists.items() for entry in known.entries(name))
        return HashIndex.build(entries, self._bits)


class PerceptualHashScorer(Scorer):
    """Hashes each image of a content and looks its hashes up in all lists at once; of several images the nearest counts."""

    def __init__(self, settings: PerceptualHashSettings, folder: Path) -> None:
        """Read the lists. Raises SettingsError where one cannot be read; bad lines are left out, see `warnings`."""
        self._settings = settings
        self._folder = folder
        self._loaded = False
        bits = BITS[settings.algorithm]
        made = {"match": MATCH, "distance": Count(0, bits, modality="image", description=DISTANCE.description)}
        self.outputs: Mapping[str, Output] = MappingProxyType(
            {f"{settings.prefix}.{name}.{what}": output for name in settings.lists for what, output in made.items()}
        )
        files = [folder / list_.path for list_ in settings.lists.values()]
        self._known = Watched(f"{settings.prefix}.*", files, self._read, settings.refresh_s)

    def _read(self) -> Known:
        settings = self._settings
        read = partial(read_known, algorithm=settings.algorithm, min_quality=settings.min_quality)
        lists = {name: list_of(name, list_.path, self._folder, read) for name, list_ in settings.lists.items()}
        known = Known(lists, BITS[settings.algorithm])
        if self._loaded:
            _ = known.index  # made here, where nobody waits for it
        return known

    def load(self) -> None:
        """Build the index. Raises ModelUnavailableError where a library is not installed."""
        for library in LIBRARIES[self._settings.algorithm]:
            needed(library, "hash")
        _ = self._known.value.index
        self._loaded = True

    def refresh(self) -> bool:
        """Read the lists again if their files changed. Return whether they were; where they cannot be, the old ones stay."""
        return self._known.refresh()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out of the lists, one by one, of each list the first twenty; and why they are out of date."""
        lists = self._known.value.lists
        told = [line for name, known in lists.items() for line in left_out(self._settings.lists[name].path, known)]
        return (*told, *filter(None, [self._known.failure]))

    def score(self, batch: Sequence[Content]) -> list[Row]:
        return [self._row(matches, unread) for matches, unread in self.matches(batch)]

    def matches(self, batch: Sequence[Content]) -> list[tuple[tuple[Match, ...], str]]:
        """Return for each content what is nearest to its images in each list, and why some image has no hash, or ``.

        Only what is near enough to match is there; the nearest first, one a list and hash.
        """
        self._known.look()
        index = self._known.value.index
        hashed = [self._hashes(content) for content in batch]
        asked = [hash_ for hashes, _ in hashed for hash_ in hashes]
        farthest = max((self._settings.within(name) for name in self._settings.lists), default=0)
        found = iter(index.search(asked, farthest, limit=1, threads=self._settings.threads))
        return [
            (tuple(sorted(match for _ in hashes for match in next(found) if self._is_near(match))), unread)
            for hashes, unread in hashed
        ]

    def _is_near(self, match: Match) -> bool:
        return match.distance <= self._settings.within(match.list)

    def _hashes(self, content: Content) -> tuple[list[bytes], str]:
        """Return the usable hashes of all images, and why the first image without any has none."""
        usable: list[bytes] = []
        unread = ""
        for number, image in enumerate(content.images, 1):
            try:
                usable += self._of_image(image)
            except (ContentError, ImageRefusedError) as error:
                unread = unread or f"image {number}: {error}"
            except OSError as error:
                unread = unread or f"image {number}: it cannot be read: {error.strerror or error}"
        return usable, unread

    def _of_image(self, image: Media) -> list[bytes]:
        """Return the usable hashes of the image's frames. Raises OSError, ValueError with the reason where it has none."""
        settings = self._settings
        of, turned = FUNCTIONS[settings.algorithm]
        usable: list[bytes] = []
        best = 0
        for pixels in decode(image.read(), Decoding(frames=settings.frames)):
            hashes, quality = turned(pixels) if settings.rotations else _one(of(pixels))
            best = max(best, quality)
            usable += hashes if quality >= settings.min_quality else ()
        if not usable and settings.low_quality == "missing":
            raise ImageRefusedError(f"no usable hash, its {settings.algorithm} quality is {best} of 100")
        return usable

    def _row(self, matches: Sequence[Match], unread: str) -> Row:
        return {
            output: value for name in self._settings.lists for output, value in self._of_list(name, matches, unread)
        }

    def _of_list(self, name: str, matches: Sequence[Match], unread: str) -> Iterator[tuple[str, bool | int | Missing]]:
        prefix = f"{self._settings.prefix}.{name}"
        distances = [match.distance for match in matches if match.list == name]
        if not distances and unread:
            yield f"{prefix}.match", Missing(unread)
            yield f"{prefix}.distance", Missing(unread)
        else:
            yield f"{prefix}.match", bool(distances)
            yield f"{prefix}.distance", min(distances, default=BITS[self._settings.algorithm])


def _one(hashed: tuple[bytes, int]) -> tuple[tuple[bytes, ...], int]:
    hash_, quality = hashed
    return (hash_,), quality


MATCH = Flag(modality="image", description="whether one of the images is near a hash of the list")
DISTANCE = Count(
    0,
    256,
    modality="image",
    description="bits between the nearest of list and images; where none matches, all bits: 256 for PDQ, 64 for pHash",
)

PLUGIN = Plugin(
    name="perceptual-hash",
    version="1",
    licence="Apache-2.0",
    cost=Cost.CPU_LIGHT,
    cacheable=False,  # its lists are read anew when they change
    outputs={"hash.<list>.match": MATCH, "hash.<list>.distance": DISTANCE},
    create=PerceptualHashScorer,
    settings=PerceptualHashSettings,
    summary="PDQ or pHash of images against lists of known hashes, near ones found too",
)
