"""Shapes -> SVG text, escaped by the XML writer; every style is a class of the page's style sheet."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring


def picture(width: float, height: float, kind: str, title: str) -> Element:
    """An empty drawing that scales with the page; `title` is what a screen reader says."""
    svg = Element("svg", {"viewBox": f"0 0 {number(width)} {number(height)}", "class": kind, "role": "img"})
    svg.set("width", number(width))
    svg.set("height", number(height))
    SubElement(svg, "title").text = title
    return svg


def line(parent: Element, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
    SubElement(parent, "path", {"class": kind, "d": f"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}"})


def path(parent: Element, kind: str, d: str) -> None:
    SubElement(parent, "path", {"class": kind, "d": d})


def box(parent: Element, kind: str, x: float, y: float, width: float, height: float) -> None:
    SubElement(
        parent,
        "rect",
        {
            "class": kind,
            "x": number(x),
            "y": number(y),
            "width": number(max(width, 0)),
            "height": number(max(height, 0)),
        },
    )


def dot(parent: Element, kind: str, x: float, y: float, radius: float) -> None:
    SubElement(parent, "circle", {"class": kind, "cx": number(x), "cy": number(y), "r": number(radius)})


def text(parent: Element, kind: str, x: float, y: float, words: str) -> None:
    SubElement(parent, "text", {"class": kind, "x": number(x), "y": number(y)}).text = words


def written(svg: Element) -> str:
    return tostring(svg, encoding="unicode")


def number(value: float) -> str:
    """As short as a tenth of a pixel allows."""
    return f"{value:.1f}".removesuffix(".0")


def point(x: float, y: float) -> str:
    return f"{number(x)} {number(y)}"
