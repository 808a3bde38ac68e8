from __future__ import annotations

import json
from unicodedata import category

from omnix_cli.safe_text.printing import escaped_json, one_line, printable

EVERY = "".join(
    chr(one) for first, last in ((0, 0x3100), (0xD7F0, 0x20000), (0xE0000, 0xE0200)) for one in range(first, last)
)
"""Of the other characters, each is a letter or means nothing."""


def test_of_all_characters_only_visible_ones_and_line_breaks_are_left() -> None:
    left = set(printable(EVERY)) - set("\n\t\u200c\u200d\xad")
    assert not {one for one in left if category(one) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert set("aéあ🧀\xa0 \u200d\ue000") <= set(printable(EVERY))


def test_a_message_is_one_line() -> None:
    assert one_line("no file a\r\nerror: b\x85c") == "no file a error: b\ufffdc"
    assert one_line("plain, also café") == "plain, also café"


def test_json_keeps_its_values() -> None:
    values = {"name": "\x7f\x9b\u202e\U000e0041 é🧀"}
    text = json.dumps(values, ensure_ascii=False)
    assert printable(escaped_json(text)) == escaped_json(text) != text
    assert json.loads(escaped_json(text)) == values
