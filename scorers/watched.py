"""Files, and what is made of them -> the made thing, exchanged as a whole when the files have changed.

Who uses the old one while the new one is made goes on with it; and it stays where the new one cannot be made.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
_SIZE = 2
Stamp: TypeAlias = Mapping[Path, tuple[int, ...] | None]


class Watched(Generic[T]):
    """`value` is what `make` made of `files`; `failure` says why it is not what they would give now, `` for it is."""

    def __init__(self, name: str, files: Sequence[Path], make: Callable[[], T], every: float = 0.0) -> None:
        """Make it at once; `make` may raise. Look at the files again at most every `every` seconds, 0: never by itself."""
        self._name = name
        self._files = tuple(dict.fromkeys(files))
        self._make = make
        self._every = every
        self._one_at_a_time = threading.Lock()
        self._next = time.monotonic() + every
        self.failure = ""
        self.value, self._stamp, self._digest = self._made()

    def look(self) -> None:
        """Begin to refresh in a thread if it is time to; returns at once. To be called at each use."""
        now = time.monotonic()
        if self._every and now >= self._next:
            self._next = now + self._every
            threading.Thread(target=self.refresh, name=f"limen-refresh-{self._name}", daemon=True).start()

    def refresh(self) -> bool:
        """Make the value anew if the files' contents changed. Return whether it was; never raises."""
        if not self._one_at_a_time.acquire(blocking=False):
            return False
        try:
            return self._refreshed()
        except Exception as error:  # noqa: BLE001  (whatever it is, the old value serves)
            self._fail(str(error))
            return False
        finally:
            self._one_at_a_time.release()

    def remake(self) -> None:
        """Make the value anew, changed or not. Raises what `make` raises, and the old value stays."""
        with self._one_at_a_time:
            self.value, self._stamp, self._digest = self._made()
            self.failure = ""

    def _refreshed(self) -> bool:
        stamp = self._stamps()
        if stamp == self._stamp and not self.failure:
            return False
        digest = self._digests()
        if digest == self._digest and not self.failure:
            self._stamp = stamp
            return False
        self._refuse_emptied()
        value, stamp, digest = self._made()
        if self._stamps() != stamp:
            raise OSError("a file changed while it was read; write to a new file and rename it")
        self.value, self._stamp, self._digest, self.failure = value, stamp, digest, ""
        logging.getLogger("limen").info("`%s` was read again: its files changed", self._name)
        return True

    def _made(self) -> tuple[T, Stamp, Mapping[Path, bytes]]:
        """Make the value; the stamp is older than it, so that a change in between is seen next time."""
        stamp = self._stamps()
        value = self._make()  # first, as it says which files are none to be read
        digest = self._digests()
        return value, stamp, digest if self._stamps() == stamp else {}

    def _fail(self, reason: str) -> None:
        if reason != self.failure:  # told once, not at every look
            logging.getLogger("limen").warning("`%s` stays as it was: %s", self._name, reason)
        self.failure = reason

    def _refuse_emptied(self) -> None:
        """A file that had something and has no byte now is more likely half-written than meant."""
        for file in self._files:
            before, now = self._stamp[file], stamp_of(file)
            if before and now and before[_SIZE] and not now[_SIZE]:
                raise OSError(f"`{file.name}` is empty now; to empty a list, leave a comment or a header in it")

    def _stamps(self) -> Stamp:
        return {file: stamp_of(file) for file in self._files}

    def _digests(self) -> Mapping[Path, bytes]:
        return {file: _digest(file) for file in self._files}


def stamp_of(file: Path) -> tuple[int, ...] | None:
    """Return what changes with the file (the inode: a rename over it; the change time: a copy with the old times)."""
    try:
        there = file.stat()
    except (OSError, ValueError):  # a NUL byte
        return None
    return there.st_mtime_ns, there.st_ctime_ns, there.st_size, there.st_ino  # the size is the one at `_SIZE`


def _digest(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").digest()
    except OSError:
        return b""
