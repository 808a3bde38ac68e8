from __future__ import annotations

import json

from tests.cli.conftest import Omnix


def test_published_lists_are_read_from_the_store(ran: Omnix) -> None:
    own = ran("recommendations", "customer", "c01", "--format", "json")
    assert own.code == 0, own.err
    shown = json.loads(ran("show", "recommendations", "c01", "--format", "json").out)
    listed = json.loads(own.out)["recommendations"]
    assert [one["product"]["id"] for one in listed] == [row["product_id"] for row in shown]
    assert [one["reason"] for one in listed] == [row["reason"] for row in shown]
    stranger = ran("recommendations", "customer", "nobody")
    assert (stranger.code, "popular products: there is no list for this customer" in stranger.err) == (0, True)
    assert ran("recommendations", "similar", "jam").code == 0
    assert ran("recommendations", "similar", "gold").code == 3
    assert ran("recommendations", "customer", "c01", "--context", "attic").code == 2
    for command in ("trending", "seasonal"):
        assert ran("recommendations", command).code == 0


def test_a_list_that_is_not_there_says_so(omnix: Omnix) -> None:
    answer = omnix("recommendations", "trending", "--format", "json")
    assert (answer.code, answer.out.strip(), "nothing is published here" in answer.err) == (0, "[]", True)
    own = omnix("recommendations", "customer", "zoe", "--context", "usual")
    assert "there is no list for this customer\n" in own.err


def test_feedback_is_kept(ran: Omnix) -> None:
    answer = ran("recommendations", "feedback", "c01", "--status", "clicked", "--format", "json")
    assert (answer.code, json.loads(answer.out)["status"]) == (0, "clicked")
    assert ran("recommendations", "feedback", "nobody", "--status", "clicked").code == 3
