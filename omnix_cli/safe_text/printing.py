"""Texts without anything that a terminal obeys.

Unicode's categories say what is no visible sign: control characters (C0, DEL, C1), format characters (among them those
that turn the direction of a line around), lone surrogates, and the separators of lines and paragraphs.
"""

from __future__ import annotations

from unicodedata import category

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_KEPT = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}\N{SOFT HYPHEN}"
"""Format characters that some scripts, emoji and long words need; no terminal obeys them."""


def printable(text: str, *, keep: str = "\n\t") -> str:
    """The text with a replacement character for every one that a terminal might obey, but those in `keep`."""
    if text.isprintable():
        return text
    return "".join(one if _is_safe(one, keep) else REPLACEMENT for one in text)


def one_line(text: str) -> str:
    """A message as one printable line: a line break becomes a blank, so that no text passes for a line of omnix."""
    return printable(" ".join(line.strip() for line in text.split("\n")) if "\n" in text else text, keep="\t")


def escaped_json(text: str) -> str:
    """A JSON document of the same values in which such characters are escapes."""
    if text.isprintable():
        return text
    return "".join(one if _is_safe(one, "\n") else _escape(one) for one in text)


def is_whole(text: str) -> bool:
    """Whether a name or an argument of the system is UTF-8, as every text that is stored must be: Python has the bytes
    of any other as lone surrogates."""
    return not any("\ud800" <= one <= "\udfff" for one in text)


def _is_safe(character: str, keep: str) -> bool:
    return character.isprintable() or character in keep or character in _KEPT or category(character) not in _UNSAFE


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))
