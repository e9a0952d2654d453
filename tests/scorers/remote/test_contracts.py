"""Every scorer that calls a service holds to the contract of all scorers."""

from pathlib import Path
from types import MappingProxyType

import pytest

from limen.testing import ORDINARY, ScorerContract
from scorers.builtin import azure_content_safety, hma, kserve, llm_judge, openai_moderation, perspective
from scorers.content import Content, Media
from tests.scorers.remote import vendors
from tests.scorers.remote.service import serving

KEYS = {
    "OPENAI_API_KEY": "openai-key",
    "PERSPECTIVE_API_KEY": "perspective-key",
    "AZURE_CONTENT_SAFETY_KEY": "azure-key",
}


class Served(ScorerContract):
    """A contract against a service of its own."""

    __test__ = False
    more = MappingProxyType({})

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _service(cls):
        with serving(cls.vendor) as service, pytest.MonkeyPatch.context() as patch:
            for name, value in KEYS.items():
                patch.setenv(name, value)
            cls.settings = {"url": service.url, "allow_private": True, **cls.more}
            yield


class TestOpenAIModeration(Served):
    __test__ = True
    plugin = openai_moderation.PLUGIN
    vendor = staticmethod(vendors.openai)


class TestPerspective(Served):
    __test__ = True
    plugin = perspective.PLUGIN
    vendor = staticmethod(vendors.perspective)


class TestAzureContentSafety(Served):
    __test__ = True
    plugin = azure_content_safety.PLUGIN
    vendor = staticmethod(vendors.azure)


class TestKServe(Served):
    __test__ = True
    plugin = kserve.PLUGIN
    vendor = staticmethod(vendors.kserve)
    more = MappingProxyType({"model": "abuse", "labels": ["hate", "spam"], "activation": "sigmoid"})


class TestHma(Served):
    __test__ = True
    plugin = hma.PLUGIN
    vendor = staticmethod(vendors.hma)
    more = MappingProxyType({"banks": {"known": "known_media"}})
    contents = (
        *ORDINARY,
        Content(id="known image", images=(Media(data=vendors.KNOWN),)),
        Content(id="known video", videos=(Media(data=b"x"), Media(data=vendors.KNOWN))),
        Content(id="gone", images=(Media(path=Path("gone")),)),
    )


class TestLlmJudge(Served):
    __test__ = True
    plugin = llm_judge.PLUGIN
    vendor = staticmethod(vendors.chat)
    folder = Path(__file__).parent / "data"
    more = MappingProxyType({"model": "m", "name": "spam", "policy": "policy.md"})
