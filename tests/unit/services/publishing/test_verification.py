"""Reading back what was published."""

from __future__ import annotations

from tests.unit.services.publishing.publishing_shop import ANN, BOB, SETTINGS, SIMILAR, PublishingShop, homepage


def spoil(shop: PublishingShop) -> None:
    """Another hand in the store while the publish goes on."""
    item = next(item for item in shop.store.scan("recommendations") if item["id"] == "bob#homepage")
    shop.store.put_many("recommendations", [{**item, "recommendations": []}])


def test_all_items_are_read_back(shop: PublishingShop) -> None:
    report = shop.publish(ANN, BOB, SIMILAR)
    assert report.verification is not None
    assert str(report.verification) == "all 3 items read back and equal"
    assert report.incomplete == ""


def test_a_sample_says_how_sure_it_makes(shop: PublishingShop) -> None:
    pages = [homepage(f"c{number:03d}", "milk") for number in range(150)]
    settings = SETTINGS.model_copy(update={"verify_items": 60})
    report = shop.publish(*pages, settings=settings)
    assert report.verification is not None
    assert str(report.verification) == ("60 of 150 items read back and equal: with 95 % confidence under 5.0% differ")


def test_what_differs_is_named_and_the_next_publish_reads_the_store(shop: PublishingShop) -> None:
    shop.publish(ANN, BOB)
    report = shop.publish(ANN, BOB, SIMILAR, after_chunk=lambda _: spoil(shop))
    assert report.incomplete == "1 of 3 items differ: bob#homepage"
    again = shop.publish(ANN, BOB, SIMILAR)
    assert again.compared_with == "the store: the last publish did not finish"


def test_it_can_be_left_out(shop: PublishingShop) -> None:
    settings = SETTINGS.model_copy(update={"verify": "none"})
    assert shop.publish(ANN, settings=settings).verification is None
