"""A text -> the attribute scores of Google's Perspective API, which is announced to end with the year 2026."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, field_validator

from scorers.content import Content
from scorers.remote.client import Key
from scorers.remote.errors import RemoteError
from scorers.remote.rows import each, highest, merged, shaped, windows
from scorers.remote.scorer import RemoteScorer
from scorers.remote.settings import Address, RemoteSettings, Variable
from scorers.scorer import NAME, Cost, Output, Plugin, Prefix, Row, Score

# A comment has at most 20,480 bytes in UTF-8 (the API's reference), and a character at most 4.
WINDOW = 20_480 // 4
DEFAULT = ("TOXICITY", "SEVERE_TOXICITY", "IDENTITY_ATTACK", "INSULT", "PROFANITY", "THREAT")
SUNSET = "Google ends Perspective after 31 December 2026 and takes no new users: plan for another scorer"


def _attribute(written: str) -> str:
    if written != written.upper() or not NAME.fullmatch(written.lower()):
        raise ValueError(f"`{written}` is no attribute: expected a name such as `TOXICITY`")
    return written


class PerspectiveSettings(RemoteSettings):
    url: Address = Field(default="https://commentanalyzer.googleapis.com/v1alpha1", description="base URL")
    key_env: Variable | None = Field(default="PERSPECTIVE_API_KEY", description="environment variable with the key")
    attributes: tuple[Annotated[str, AfterValidator(_attribute)], ...] = Field(
        default=DEFAULT, min_length=1, description="what is asked for; not every language has every attribute"
    )
    prefix: Prefix = Field(default="perspective", description="first part of the outputs' names")
    requests: int = Field(default=4, ge=1, le=100, description="most requests for one long text")

    @field_validator("attributes")
    @classmethod
    def _distinct(cls, attributes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(attributes))


class _Summary(BaseModel):
    value: Any


class _Attribute(BaseModel):
    summaryScore: _Summary  # noqa: N815  (the service's word)


class _Answer(BaseModel):
    attributeScores: dict[str, _Attribute]  # noqa: N815


class Perspective(RemoteScorer):
    """The scorer `perspective`: a request a text, or a few for a long one, of which the highest score counts."""

    def __init__(self, settings: PerspectiveSettings, folder: Path) -> None:
        super().__init__(settings, folder, Key("x-goog-api-key", ""))
        self._settings = settings
        self.outputs: Mapping[str, Output] = MappingProxyType(_outputs(settings.prefix, settings.attributes))

    @property
    def warnings(self) -> tuple[str, ...]:
        return (SUNSET,)

    async def row(self, content: Content) -> Row:
        text = content.text or ""
        whole = len(text.encode("utf-8", "replace")) <= 4 * WINDOW
        pieces = [text] if whole else windows(text, WINDOW, self._settings.requests)
        parts = await each(pieces, lambda piece: self._judged(piece, content.language))
        return merged(self.outputs, highest(parts, self.outputs))

    async def _judged(self, text: str, language: str | None) -> Mapping[str, Any]:
        body: dict[str, Any] = {
            "comment": {"text": text},
            "requestedAttributes": {attribute: {} for attribute in self._settings.attributes},
            "doNotStore": True,
        }
        if language:
            body["languages"] = [language.partition("-")[0].lower()]
        try:
            given = await self.client.request("POST", "comments:analyze", json=body)
        except RemoteError as error:
            raise _told(error) from error
        scores = shaped(_Answer, given).attributeScores
        named = {_name(self._settings.prefix, attribute): one.summaryScore.value for attribute, one in scores.items()}
        return {name: named.get(name) for name in self.outputs}


def _told(error: RemoteError) -> RemoteError:
    """Name the one refusal that has to do with the content: a language without this attribute."""
    if error.status == 400 and "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE" in str(error.body):
        return RemoteError("the service has no such attribute for the text's language", status=400)
    return error


def _name(prefix: str, attribute: str) -> str:
    return f"{prefix}.{attribute.lower()}"


def _outputs(prefix: str, attributes: tuple[str, ...]) -> dict[str, Output]:
    return {
        _name(prefix, attribute): Score(modality="text", description=f"the service's score for {attribute}")
        for attribute in attributes
    }


PLUGIN = Plugin(
    name="perspective",
    version="1",
    licence="Apache-2.0",
    cost=Cost.REMOTE,
    reads_facts=False,
    outputs={"perspective.<attribute>": Score(modality="text", description="the service's score for an attribute")},
    create=Perspective,
    settings=PerspectiveSettings,
    device="remote",
    summary="Google's Perspective API, which ends after 31 December 2026: texts leave the house; its terms hold",
    card="https://developers.perspectiveapi.com",
)
