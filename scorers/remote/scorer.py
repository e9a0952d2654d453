"""A batch of contents -> rows, by a service that is asked about each content at the same time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from scorers.content import Content
from scorers.remote.client import Client, Key
from scorers.remote.rows import each
from scorers.remote.settings import RemoteSettings
from scorers.scorer import Output, Row, Rows, Scorer

BEARER = Key()


class RemoteScorer(Scorer):
    """Base of the scorers that call a service: override `row`, or `score` where the service takes batches."""

    outputs: Mapping[str, Output]

    def __init__(self, settings: RemoteSettings, folder: Path, key: Key = BEARER) -> None:
        """Raises SettingsError where a file that the settings name cannot be used."""
        self.client = Client(settings, folder, key)

    def load(self) -> None:
        """See that the secrets are there. Raises RemoteError, which names the variable that is not set."""
        self.client.load()

    async def score(self, batch: Sequence[Content]) -> Rows:
        return await each(batch, self.row)

    async def row(self, content: Content) -> Row:
        """Judge one content. May raise RemoteError: then its outputs are missing for that reason."""
        raise NotImplementedError
