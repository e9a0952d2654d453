"""A small pack for tests of the command line, and how such a test runs a command."""

from __future__ import annotations

from collections.abc import Callable

Run = Callable[..., tuple[int, str, str]]
"""Arguments and `stdin` in; status, standard output and standard error out."""

MANIFEST = """
pack: small
language: 1
enforcements: {allow: {}, label: {}, reduce: {}, remove: {effects: {notify_user: true}}}
routes: {review: {queue: general}}
severities: {P1: {sla: 1h}, P2: {sla: 24h}}
inputs:
  content.context: {type: enum, values: [none, news], default: none}
  image.nudity: {type: score, modality: image}
scorers:
  words: {use: keywords, lists: {insults: [badword]}}
"""
POLICY = """\
policy insults {
  title    "Insults"
  owner    "harassment"
  severity P1

  thresholds on image.nudity {
    remove >= 0.95
  }

  rule hit {
    when keywords.insults.match
    then reduce and review
  }

  exception news {
    when content.context == "news"
    then at most label
  }
}

tests insults "boundaries" {
  region | image.nudity | expect
  US     | 0.95         | remove
  US     | 0.949999     | allow
}

test insults "a hit" {
  given { keywords.insults.match = true }
  expect in DE reduce and review because insults.hit
}
"""
