"""Texts without the passwords and tokens of addresses and of request headers."""

from __future__ import annotations

import re

_MASK = "***"
_PASSWORD = re.compile(
    r"(?i)(https?://)[^\s\"'\\<>]*@|(\w://)[^\s\"'\\<>/?#]*@|(?<![\w/])(?!mailto:)[\w.+-]+:[^\s\"'\\<>/@]+@(?=\w)"
)
"""A slash or a question mark in the password of a web address, and one without `http://`, are common mistakes."""
_TOKEN = re.compile(
    r"(?i)([?&;][\w.~-]*(?:token|secret|password|passwd|pwd|signature|credential|api[-_]?key|access[-_]?key|sig|auth)"
    r"[\w.~-]*=)[^\s\"'\\<>&;#]+"
)
_HEADER = re.compile(r"(?i)((?:x-amz-security-token|authorization)[\"']?[:=] ?[\"']?)[^\n\"'\\]+")
"""AWS repeats the headers of a request in the message about a wrong signature."""


def without_secrets(text: str) -> str:
    """The text without the passwords and tokens of the addresses and request headers in it."""
    text = _PASSWORD.sub(rf"\g<1>\g<2>{_MASK}@", text) if "@" in text else text
    text = _TOKEN.sub(rf"\1{_MASK}", text) if "=" in text else text
    return _HEADER.sub(rf"\1{_MASK}", text)
