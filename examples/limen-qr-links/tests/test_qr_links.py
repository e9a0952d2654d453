"""The contract that every scorer keeps, and what this one is for."""

from importlib.metadata import entry_points

import cv2
import numpy as np
import pytest
from limen_qr_links import PLUGIN, site_of, sites_in

from limen import Content, Media, Missing
from limen.testing import PIXEL, ScorerContract


def poster(*links):
    """Return a picture with a QR code for each link, side by side."""
    codes = [cv2.QRCodeEncoder.create().encode(link) for link in links]
    large = [cv2.resize(code, (240, 240), interpolation=cv2.INTER_NEAREST) for code in codes]
    framed = [cv2.copyMakeBorder(code, 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=255) for code in large]
    return Media(data=cv2.imencode(".png", np.hstack(framed))[1].tobytes())


PRIZE, SHOP = "https://prize.example/win?id=1", "http://www.shop.example"


class TestContract(ScorerContract):
    plugin = PLUGIN
    contents = (
        Content(id="hidden", text="Win a prize!", images=(poster(PRIZE),)),
        Content(id="told", text="see shop.example", images=(poster(SHOP), Media(data=PIXEL))),
        Content(id="broken", images=(Media(data=b"no picture"),)),
    )


def row(*images, text=None, **settings):
    scorer = PLUGIN.create(PLUGIN.settings(**settings), None)
    scorer.load()
    return scorer.score([Content(text=text, images=images)])[0]


def test_a_link_that_the_text_does_not_tell_is_hidden():
    assert row(poster(PRIZE), text="Win!") == {"qr.found": True, "qr.links": 1, "qr.hidden_link": True}


@pytest.mark.parametrize("text", ["more at PRIZE.example", "https://prize.example/", "see www.prize.example."])
def test_a_link_that_the_text_tells_is_not(text):
    assert row(poster(PRIZE), text=text)["qr.hidden_link"] is False


def test_every_code_counts_and_one_hidden_link_is_enough():
    assert row(poster(PRIZE, SHOP), text="shop.example") == {"qr.found": True, "qr.links": 2, "qr.hidden_link": True}
    assert row(poster(SHOP), poster(PRIZE), text="shop.example")["qr.hidden_link"] is True


def test_trusted_sites_need_not_be_named():
    assert row(poster("https://a.prize.example"), trusted=["prize.example"])["qr.hidden_link"] is False
    assert row(poster("https://notprize.example"), trusted=["prize.example"])["qr.hidden_link"] is True


def test_a_code_without_a_link_hides_none():
    assert row(poster("WIFI:S:guests;;")) == {"qr.found": True, "qr.links": 0, "qr.hidden_link": False}


def test_a_picture_without_a_code_is_known_to_have_none():
    assert row(Media(data=PIXEL), text="x") == {"qr.found": False, "qr.links": 0, "qr.hidden_link": False}


def test_a_picture_that_cannot_be_seen_is_missing():
    assert isinstance(row(poster(PRIZE), Media(data=b"no picture")), Missing)


def test_sites_are_read_from_links_and_texts():
    assert [site_of(link) for link in (PRIZE, SHOP, "mailto:a@b.example", "http://[", "")] == ["prize.example", "shop.example", "", "", ""]  # fmt: skip
    assert sites_in("See www.A.example, and b.example/x.") == {"a.example", "b.example"}


def test_limen_finds_it_where_it_is_installed():
    (entry,) = entry_points(group="limen.scorers", name="qr-links")
    assert entry.load() is PLUGIN
