"""`FOLDER`, a bundle, or `REVISION:FOLDER` of this git repository -> a path where the pack lies."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from limen.cli.errors import CannotError


@contextmanager
def at_path(pack: str) -> Iterator[Path]:
    """Yield the path; a revision's files lie in a folder of their own until the block ends. Raises CannotError."""
    path = Path(pack)
    revision, colon, folder = pack.partition(":")
    if path.exists() or not colon:
        yield path
        return
    with TemporaryDirectory(prefix="limen-") as place:
        _unpack(revision, folder or ".", Path(place))
        yield Path(place) / folder


def _unpack(revision: str, folder: str, place: Path) -> None:
    """What git kept of a folder. Links that lead out of it are refused by tarfile's `data` filter."""
    command = ["git", "archive", "--format=tar", revision, "--", folder]
    try:
        done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - no shell
    except FileNotFoundError:
        raise CannotError(f"`{revision}:{folder}` names a git revision, and there is no `git` here") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise CannotError(
            f"cannot read `{revision}:{folder}`: git says `{said[-1][:160] if said else 'nothing'}`"
        ) from None
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(place, filter="data")
