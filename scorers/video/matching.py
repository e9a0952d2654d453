"""The frame hashes of a video, and lists of known ones -> for each list, the known video that it shares most with.

The comparison of vPDQ (facebook/ThreatExchange, vpdq/README.md, "Comparison (Matching) Algorithm"): frames as an unordered bag of
distinct hashes, those of low quality left out; a frame is matched where the other video has one within a distance.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from scorers.hashes import PDQ_BITS, Entry, HashIndex
from scorers.video.hashing import FrameHash, compared


@dataclass(frozen=True, slots=True, order=True)
class Shared:
    """What a video shares with a known one: the share of its own frames, the share of the known one's, and which it is."""

    share: float = 0.0
    listed_share: float = 0.0
    id: str = ""


@dataclass(frozen=True, slots=True)
class VideoIndex:
    """Known videos by list; immutable, may be searched from many threads. Made by `build`."""

    min_quality: int
    max_distance: int
    _counts: Mapping[tuple[str, str], int]  # (list, id) -> how many frames of it are compared
    _videos: Sequence[tuple[str, str]]  # of which video each indexed frame is
    _index: HashIndex

    @classmethod
    def build(cls, lists: Mapping[str, Mapping[str, Sequence[FrameHash]]], min_quality: int, max_distance: int) -> Self:
        """Index the frames of enough quality (0 to 100); two are alike within `max_distance` bits.

        Raises ImportError without `limen[hash]`.
        """
        kept = {
            (name, id_): compared(frames, min_quality)
            for name, videos in lists.items()
            for id_, frames in videos.items()
        }
        videos = [video for video, hashes in kept.items() for _ in hashes]
        entries = [
            Entry(hash_, str(row), "") for row, hash_ in enumerate(h for hashes in kept.values() for h in hashes)
        ]
        counts = {video: len(hashes) for video, hashes in kept.items()}
        return cls(min_quality, max_distance, counts, videos, HashIndex.build(entries, PDQ_BITS))

    def shared(self, hashes: Sequence[FrameHash]) -> dict[str, list[Shared]] | None:
        """Return by list what the video shares with each known video that has a frame of it, most first.

        None where no frame of the video has enough quality to be compared.
        """
        asked = compared(hashes, self.min_quality)
        if not asked:
            return None
        own: Counter[tuple[str, str]] = Counter()
        theirs: set[int] = set()
        for matches in self._index.search(asked, self.max_distance):
            rows = {int(match.id) for match in matches}
            own.update({self._videos[row] for row in rows})
            theirs |= rows
        return self._by_list(own, Counter(self._videos[row] for row in theirs), len(asked))

    def _by_list(
        self, own: Counter[tuple[str, str]], theirs: Counter[tuple[str, str]], asked: int
    ) -> dict[str, list[Shared]]:
        result: defaultdict[str, list[Shared]] = defaultdict(list)
        for video, count in own.items():
            name, id_ = video
            result[name].append(Shared(count / asked, theirs[video] / self._counts[video], id_))
        return {name: sorted(found, reverse=True) for name, found in result.items()}
