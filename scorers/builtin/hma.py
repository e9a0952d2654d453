"""Images and videos -> for each bank of a Hasher-Matcher-Actioner, whether one of them matches it."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, model_validator

from scorers.content import MAX_MEDIA_BYTES, Content, Media, Modality
from scorers.remote.errors import RemoteError
from scorers.remote.media import aside, upload
from scorers.remote.rows import each
from scorers.remote.scorer import RemoteScorer
from scorers.remote.settings import RemoteSettings
from scorers.scorer import Cost, Flag, Missing, Name, Output, Plugin, Prefix, Row

ANY = "any"
PDQ_QUALITY = 50  # below it Meta's own tools do not match on a PDQ hash


class HmaSettings(RemoteSettings):
    banks: Mapping[Name, str] = Field(description="name in the outputs -> name of the bank in the service")
    images: Literal["upload", "pdq", "off"] = Field(
        default="upload", description="`upload` sends the image, `pdq` only its hash (needs `limen[hash]`)"
    )
    videos: Literal["upload", "md5", "off"] = Field(
        default="upload", description="`upload` sends the video, `md5` only the digest of its bytes"
    )
    prefix: Prefix = Field(default="hma", description="first part of the outputs' names")
    max_media_bytes: int = Field(default=MAX_MEDIA_BYTES, ge=1, description="largest medium that is looked up")

    @model_validator(mode="after")
    def _something(self) -> "HmaSettings":
        if self.images == self.videos == "off":
            raise ValueError("nothing is looked up: `images` and `videos` are both `off`")
        if ANY in self.banks:
            raise ValueError(f"`{ANY}` is the output for all banks together: give the bank another name")
        return self


class Hma(RemoteScorer):
    """The scorer `hma`: a lookup a medium, with a seed of its own bytes, so that a bank's sampling is repeatable."""

    def __init__(self, settings: HmaSettings, folder: Path) -> None:
        super().__init__(settings, folder)
        self._settings = settings
        looked_up = [kind for kind, how in (("image", settings.images), ("video", settings.videos)) if how != "off"]
        flag = Flag(
            modality=looked_up[0] if len(looked_up) == 1 else None,
            description="whether an image or video matches something of the bank",
        )
        self.outputs: Mapping[str, Output] = MappingProxyType(
            {f"{settings.prefix}.{name}.match": flag for name in (*settings.banks, ANY)}
        )

    def load(self) -> None:
        super().load()
        if self._settings.images == "pdq":
            _refuse_without_pdq()

    async def row(self, content: Content) -> Row:
        found = await each(self._media(content), lambda part: self._banks_of(*part))
        matched = {bank for banks in found if not isinstance(banks, Missing) for bank in banks}
        unknown = next((banks for banks in found if isinstance(banks, Missing)), None)
        flags = {name: bank in matched for name, bank in self._settings.banks.items()} | {ANY: bool(matched)}
        return {f"{self._settings.prefix}.{name}.match": match or unknown or False for name, match in flags.items()}

    def _media(self, content: Content) -> Iterator[tuple[Media, Modality, str]]:
        for how, modality, media in (
            (self._settings.images, Modality.IMAGE, content.images),
            (self._settings.videos, Modality.VIDEO, content.videos),
        ):
            if how != "off":
                yield from ((medium, modality, how) for medium in media)

    async def _banks_of(self, medium: Media, modality: Modality, how: str) -> set[str]:
        sent = await upload(medium, self._settings.max_media_bytes)
        params = {"seed": sent.sha256}
        if how == "upload":
            field = "photo" if modality is Modality.IMAGE else "video"
            files = {field: (field, sent.data, "application/octet-stream")}
            return _of_upload(await self.client.request("POST", "m/lookup", files=files, params=params))
        signal = await aside(partial(_pdq, sent.data)) if how == "pdq" else sent.md5
        params |= {"signal_type": "pdq" if how == "pdq" else "video_md5", "signal": signal}
        return _of_signal(await self.client.request("GET", "m/lookup", params=params))


def _of_signal(answer: Any) -> set[str]:
    """Read `["BANK"]`, or `{"BANK": [match, ...]}` of newer versions."""
    if isinstance(answer, list) and all(isinstance(bank, str) for bank in answer):
        return set(answer)
    if isinstance(answer, dict) and all(isinstance(matches, list) for matches in answer.values()):
        return {bank for bank, matches in answer.items() if matches}
    raise RemoteError("the answer is not of the documented form: expected the banks that match")


def _of_upload(answer: Any) -> set[str]:
    """Read what every signal type found; an upload that was not hashed at all is no upload without a match."""
    if not isinstance(answer, dict):
        raise RemoteError("the answer is not of the documented form: expected the banks of each signal type")
    if not answer:
        raise RemoteError("the service hashed nothing of the upload: has it a signal type for this kind of content?")
    return set[str]().union(*map(_of_signal, answer.values()))


def _pdq(data: bytes) -> str:
    """Return the PDQ hash in hex. Raises RemoteError where there is none, or none that says anything."""
    from scorers.hashes.pdq import pdq_of  # noqa: PLC0415 - needs an extra
    from scorers.images.decode import ImageRefusedError, decode  # noqa: PLC0415

    try:
        hashed, quality = pdq_of(decode(data)[0])
    except ImageRefusedError as error:
        raise RemoteError(f"the image has no hash: {error}") from error
    if quality < PDQ_QUALITY:
        raise RemoteError(f"the image's hash has quality {quality}, and below {PDQ_QUALITY} it says too little")
    return hashed.hex()


def _refuse_without_pdq() -> None:
    try:
        import pdqhash  # noqa: F401, PLC0415
        import PIL  # noqa: F401, PLC0415
    except ImportError as error:
        raise RemoteError("`images: pdq` needs more packages: pip install 'limen[hash]'") from error


PLUGIN = Plugin(
    name="hma",
    version="1",
    licence="Apache-2.0",
    cost=Cost.REMOTE,
    outputs={"hma.<bank>.match": Flag(description="whether an image or video matches something of the bank")},
    create=Hma,
    settings=HmaSettings,
    device="remote",
    judges=(Modality.IMAGE, Modality.VIDEO),
    cacheable=False,  # the banks change
    summary="lookup in the banks of a Hasher-Matcher-Actioner of your own, by upload or by hash",
    card="https://github.com/facebook/ThreatExchange/tree/main/hasher-matcher-actioner",
)
