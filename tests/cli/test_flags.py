"""A flag means one thing, whatever the command, and a choice says what can be chosen."""

from __future__ import annotations

import re
from collections import defaultdict
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from omnix_cli.cli.options import Format
from tests.test_docs import COMMANDS

ALTERNATIVES = re.compile(r"(?:^|: |\()[a-z][a-z-]*(?:, [a-z][a-z-]*)* or [a-z][a-z-]*\.?$")
"""A help text that ends with a list of words, as in "Where to publish: sqlite or dynamodb."."""


def flags() -> dict[str, dict[str, list[str]]]:
    """Each flag, its help texts, and the commands that have it so; what is hidden is on its way out."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for words, command in COMMANDS.items():
        for parameter in command.params:
            for name in parameter.opts:
                if name.startswith("-") and not parameter.hidden:
                    found[name][str(parameter.help)].append(" ".join(words))
    return found


def test_a_flag_has_one_help_text_everywhere() -> None:
    differing = {name: texts for name, texts in flags().items() if len(texts) > 1}
    lines = [
        f"{name} ({', '.join(where)}): {text}" for name, texts in differing.items() for text, where in texts.items()
    ]
    assert not lines, "\n" + "\n".join(lines)


def test_every_flag_has_a_help_text() -> None:
    assert [name for name, texts in flags().items() if "None" in texts or "" in texts] == []


def test_a_flag_whose_help_lists_alternatives_is_a_choice() -> None:
    lines = [
        f"omnix {' '.join(words)} {parameter.opts[0]}: {parameter.help}"
        for words, command in COMMANDS.items()
        for parameter in command.params
        if not getattr(parameter, "hidden", False)
        and ALTERNATIVES.search(str(getattr(parameter, "help", "")))
        and not is_choice(parameter.type_descriptor.annotation)
    ]
    assert not lines, "\n" + "\n".join(lines)


def test_alternatives_are_recognised() -> None:
    for text in (
        "Where to publish: sqlite or dynamodb.",
        "homepage or replenishment.",
        "x: spring, summer or current.",
    ):
        assert ALTERNATIVES.search(text)
    assert not ALTERNATIVES.search("A run's id, or `latest`.")


def test_choices_are_recognised() -> None:
    assert is_choice(Literal["a", "b"])
    assert is_choice(list[Format] | None)
    assert not is_choice(str | None)


def is_choice(annotation: Any) -> bool:
    """Whether the values of an option are those of an enumeration, or of a Literal."""
    if get_origin(annotation) is Literal:
        return True
    return (isinstance(annotation, type) and issubclass(annotation, Enum)) or any(map(is_choice, get_args(annotation)))
