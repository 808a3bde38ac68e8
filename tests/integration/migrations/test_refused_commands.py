"""Commands that cannot work are refused before anything is written, and say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.migrations.conftest import TABLE, Omnix, Side, purchase

ANOTHER = ("--to", "path=other.sqlite", "--create")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("copy", "purchase-histroy", *ANOTHER), "Did you mean `purchase-history`?"),
        (("copy", *ANOTHER), "no table is named"),
        (("copy", TABLE), "copied to itself"),
        (("copy", TABLE, "--to", "other"), "'other' is not a store"),
        (("copy", TABLE, "--to", "region"), "Did you mean `region=`?"),
        (("copy", TABLE, "--to", "dynamdb"), "Did you mean `dynamodb`?"),
        (("copy", TABLE, "--to", "other", *ANOTHER), "'other' is neither a store nor a setting"),
        (("copy", TABLE, "--to", "stge=x"), "Did you mean `stage`?"),
        (("copy", TABLE, "--to", "kind=dynamo"), "kind=dynamo: there is no store kind"),
        (("copy", TABLE, "--from", "sqllite", *ANOTHER), "Did you mean `sqlite`?"),
        (("copy", TABLE, "--from", "./nothing", *ANOTHER), "holds no export"),
        (("copy", TABLE, *ANOTHER, "--rewrite", "none.toml"), "Check its path"),
        (("copy", TABLE, *ANOTHER, "--rewrite", "a.toml", "--mapping", "b.toml"), "use only --rewrite"),
        (("copy", TABLE, "--undo", "latest"), "--undo needs nothing but the run"),
        (("export", TABLE, "--from", "stage=none", "--to", "backup"), "no such table: omnix-ai-purchase-history-none"),
        (("export", TABLE, "--from", "path=none.sqlite", "--to", "backup"), "none.sqlite"),
        (("export", TABLE, "--to", "dynamodb"), "dynamodb is not a folder"),
        (("bulk", TABLE), "say where to write the files"),
    ],
)
def test_the_message_says_what_to_do(
    omnix: Omnix, source: Side, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    source.put([purchase(1)])
    assert message in omnix(*arguments, code=2)
    assert not (tmp_path / "backup").exists()


def test_the_catalogue_of_another_service_is_not_created(omnix: Omnix, source: Side, dynamodb: Side) -> None:
    source.put([])
    assert "store.tables.own_products" in omnix("copy", "products", *dynamodb.to(), "--create", code=2)
