"""A post's pictures and its text -> whether a QR code leads to a site that the text does not name."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field

import limen
from limen.images import ImageRefusedError, decode

FOUND = limen.Flag(modality="image", description="whether a picture has a QR code that can be read")
LINKS = limen.Count(modality="image", description="how many different links the codes hold")
HIDDEN = limen.Flag(modality="image", description="whether one leads to a site that the text does not name")

Row: TypeAlias = dict[str, bool | int] | limen.Missing


class QrLinksSettings(limen.Settings):
    prefix: str = Field(default="qr", pattern=r"[a-z][a-z0-9_]*", description="first part of the outputs' names")
    trusted: frozenset[str] = Field(
        default=frozenset(), description="sites that need not be named in the text, subdomains included"
    )


class QrLinksScorer(limen.Scorer):
    """Outputs are known at once; the library that reads codes is loaded by `load`."""

    def __init__(self, settings: QrLinksSettings, _folder: Path) -> None:
        self._names = [f"{settings.prefix}.{name}" for name in ("found", "links", "hidden_link")]
        self.outputs: Mapping[str, limen.Output] = dict(zip(self._names, (FOUND, LINKS, HIDDEN), strict=True))
        self._trusted = {site.lower() for site in settings.trusted}
        self._opencv: Any = None

    def load(self) -> None:
        """Raises ModuleNotFoundError where OpenCV is not installed; the outputs are then missing, with that reason."""
        import cv2  # noqa: PLC0415  (checking a pack needs no OpenCV)

        self._opencv = cv2

    def score(self, batch: Sequence[limen.Content]) -> list[Row]:
        return [self._row(content) for content in batch]

    def _row(self, content: limen.Content) -> Row:
        try:
            codes = {
                code for image in content.images for pixels in decode(image.read()) for code in self._codes(pixels)
            }
        except (OSError, ImageRefusedError) as error:
            return limen.Missing(f"a picture cannot be seen: {error}")
        sites = {link: site for link in codes if (site := site_of(link))}
        named = sites_in(content.text or "") | self._trusted
        hidden = any(not _within(site, named) for site in sites.values())
        return dict(zip(self._names, (bool(codes), len(sites), hidden), strict=True))

    def _codes(self, pixels: Any) -> list[str]:
        detector = self._opencv.QRCodeDetector()  # one a call: it is not safe to share between threads
        _, texts, _, _ = detector.detectAndDecodeMulti(pixels[:, :, ::-1].copy())
        return [text for text in texts or () if text]


def site_of(link: str) -> str:
    """Return the host of a web link, without `www.`; empty where it is none."""
    try:
        parts = urlsplit(link.strip())
        host = parts.hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.") if parts.scheme in {"http", "https"} else ""


def sites_in(text: str) -> set[str]:
    """Return what looks like a host in a text: words with dots, without `www.`."""
    words = (word.strip(".-") for word in re.findall(r"[a-z0-9.-]+", text.lower()))
    return {word.removeprefix("www.") for word in words if "." in word}


def _within(site: str, named: set[str]) -> bool:
    return any(site == name or site.endswith(f".{name}") for name in named)


PLUGIN = limen.Plugin(
    name="qr-links",
    version="1.0",
    licence="Apache-2.0",
    cost=limen.Cost.CPU,
    outputs={"qr.found": FOUND, "qr.links": LINKS, "qr.hidden_link": HIDDEN},
    create=QrLinksScorer,
    settings=QrLinksSettings,
    summary="QR codes whose link the post's text does not tell",
    judges=(limen.Modality.TEXT, limen.Modality.IMAGE),
    reads_facts=False,
)
