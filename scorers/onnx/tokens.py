"""Texts and a `tokenizer.json` -> windows of tokens: a long text is several, each over a part of the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorers.onnx.lengths import Tokens
from scorers.onnx.runtime import ModelUnavailableError, needed

MAX_CHARS = 100_000


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Cuts texts into windows. Made by `open`; may be used from any thread."""

    library: Any
    max_windows: int
    pad: int

    @classmethod
    def open(cls, path: Path, max_length: int, overlap: int, max_windows: int) -> "Tokenizer":
        """Read a `tokenizer.json`; windows have `max_length` tokens, special ones counted, and share `overlap` with the next.

        Raises ModelUnavailableError where the library or the file is missing, or is none.
        """
        tokenizers = needed("tokenizers", "text")
        if not path.is_file():
            raise ModelUnavailableError(
                f"there is no `{path}`: save a fast tokenizer there (`AutoTokenizer.from_pretrained(…).save_pretrained(…)`)"
            )
        try:
            library = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:
            raise ModelUnavailableError(f"`{path}` is no tokenizer: {error}") from error
        pad = (library.padding or {}).get("pad_id", 0)
        library.no_padding()
        room = max_length - library.num_special_tokens_to_add(is_pair=False)
        if not 0 <= overlap < room:
            raise ModelUnavailableError(
                f"`stride` is {overlap}, expected 0 to {room - 1}: a window has {room} tokens of text"
            )
        library.enable_truncation(max_length, stride=overlap)
        return cls(library, max_windows, pad)

    def windows(self, texts: Sequence[str]) -> list[tuple[Tokens, ...]]:
        """Return the windows of each text; none where a text has no token at all.

        The first `MAX_CHARS` characters are read. Of more than `max_windows` windows these are kept: the first, the last, and
        others evenly spread between them.
        """
        # A lone surrogate is no Unicode text, and the library refuses it.
        clean = [text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8") for text in texts]
        return [
            tuple(
                Tokens(tuple(part.ids), tuple(part.type_ids))
                for part in spread([found, *found.overflowing], self.max_windows)
                if part.ids
            )
            for found in self.library.encode_batch(clean)
        ]


def spread(items: Sequence[Any], most: int) -> list[Any]:
    """Return at most `most` of the items: the first, the last, and others evenly spread between them."""
    if len(items) <= most:
        return list(items)
    if most == 1:
        return [items[0]]
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]
