"""Are the reasons true? Every sentence of a run is read again, and what it claims is counted from the purchases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from omnix_cli import list_ids
from omnix_cli.counted_nouns import counted
from omnix_cli.errors import DataError, PartialError
from omnix_cli.reasons import sentences
from omnix_cli.reasons.grammar import Form
from omnix_cli.services.lookups import list_claims, rhythm_claims
from omnix_cli.services.lookups.claim_evidence import PAIR, Evidence
from omnix_cli.services.lookups.purchase_facts import PurchaseFacts
from omnix_cli.services.lookups.run_frames import RunFrames

CHECKS = rhythm_claims.CHECKS | list_claims.CHECKS
STATISTICAL = "statistical"
_CLAIM = ("where", *PAIR, "source_id", "reason", "is_models")
_NOTHING = pl.DataFrame(
    schema={name: pl.String for name in (*_CLAIM[:-1], "found")} | {"right": pl.Boolean}  # what nobody claims
)


@dataclass(frozen=True)
class ReasonCheck:
    """The outcome. `kinds` has a row per kind of sentence: checked, right, wrong, and some wrong ones in `examples`;
    `unread` counts reasons that a model wrote in its own words."""

    kinds: pl.DataFrame
    unread: int

    @property
    def wrong(self) -> int:
        """How many sentences are not true."""
        return int(self.kinds["wrong"].sum())


def check_reasons(frames: RunFrames, *, limit: int) -> ReasonCheck:
    """Checks the reasons of predictions, recommendations and shop lists; at most `limit` examples a kind.

    Raises `PartialError` with the report when some are wrong, and `DataError` if rows were imported since the run: then
    nothing can be counted as it was."""
    record = frames.record("recommendations")
    changed = [kind for kind in ("purchases", "products") if record.sources.get(kind) != frames.source(kind).key]
    if changed:
        message = f"the {' and '.join(changed)} changed since run {record.run_id}"
        raise DataError(message, hint="Reasons can be checked until the next import. Run `omnix run`, then check.")
    settings = record.settings
    facts = PurchaseFacts(
        frames.source("purchases").scan(),
        frames.source("products").scan(),
        record.as_of,
        settings["recommend"]["hemisphere"],
        tuple(settings["recommend"]["excluded_customers"]),
    )
    evidence = Evidence(
        facts,
        frames.source("interactions").scan(),
        frames.source("customers").scan(),
        frames.scan("predictions", *PAIR, "interval_days").select(*PAIR, "interval_days").collect(),
        settings["similarity"]["basis"] == "basket",
    )
    told, unread = [_told(_NOTHING, "unknown")], 0
    for forms, claims in _claims(frames):
        unread += int(claims["is_models"].sum())
        rest = claims.filter(~pl.col("is_models"))
        for form in forms:
            read = pl.concat([rest, form.read(rest["reason"])], how="horizontal")
            is_read = pl.any_horizontal(pl.col(sentence.field("text")).is_not_null() for sentence in form.sentences)
            for sentence in form.sentences:
                rows = read.filter(pl.col(sentence.field("text")).is_not_null())
                if rows.height:
                    fields = {
                        sentence.field(name): name for name in (*sentence.numbers, *sentence.texts, *sentence.dates)
                    }
                    judged = CHECKS[sentence](evidence, rows.select(*claims.columns, *fields).rename(fields))
                    told.append(_told(judged, sentence.kind))
            rest = read.filter(~is_read).select(claims.columns)
        alien = rest.with_columns(found=pl.lit("no sentence of omnix"), right=pl.lit(False))
        told.append(_told(alien, "unknown"))
    report = ReasonCheck(_by_kind(pl.concat(told), limit), unread)
    if report.wrong:
        message = f"{counted(report.wrong, 'sentence')} of {report.kinds['checked'].sum():,} not true"
        raise PartialError(message, hint="See `examples`. Please report it: reasons should be true.", report=report)
    return report


def _told(judged: pl.DataFrame, kind: str) -> pl.DataFrame:
    whose = pl.concat_str(["where", "customer_id", "product_id"], separator=" ", ignore_nulls=True)
    example = pl.format("{}: {} (found: {})", whose, "reason", "found")
    shown = pl.when(~pl.col("right")).then(example)
    return judged.select(pl.lit(kind).alias("kind"), "right", example=shown)


def _by_kind(told: pl.DataFrame, limit: int) -> pl.DataFrame:
    return (
        told.group_by("kind")
        .agg(
            checked=pl.len(),
            right=pl.col("right").sum(),
            wrong=(~pl.col("right")).sum(),
            examples=pl.col("example").drop_nulls().sort().head(limit),
        )
        .sort("wrong", "kind", descending=[True, False])
    )


def _claims(frames: RunFrames) -> Iterator[tuple[tuple[Form, ...], pl.DataFrame]]:
    """The reasons of the run, with the forms they may have: `where` they stand, whom and what they are about, the
    `source_id` of a list of a product, and whether a model wrote them."""
    none = pl.lit(None, pl.String)
    predicted = frames.scan("predictions", *PAIR, "reason", "predictor", "fallback").collect()
    written = (pl.col("predictor") != STATISTICAL) & ~pl.col("fallback")
    told = predicted.with_columns(where=pl.lit("predictions"), source_id=none, is_models=written)
    yield (sentences.NEEDED_AGAIN,), told.select(_CLAIM)
    models = told.filter("is_models").select(*PAIR, "reason", by_model=pl.lit(True))
    lists = frames.scan("recommendations", "list_id", *PAIR, "reason").collect()
    placed = lists.join(models, on=[*PAIR, "reason"], how="left", maintain_order="left").with_columns(
        where="list_id", source_id=none, is_models=pl.col("by_model").fill_null(False)
    )
    yield (sentences.NEEDED_AGAIN, sentences.OFFERED_AS_NEW, sentences.FILLED_UP), placed.select(_CLAIM)
    shop = frames.scan("shop_lists", "list_id", "product_id", "kind", "reason").collect()
    near = pl.col("kind").cast(pl.String).is_in(list_ids.PRODUCT_KINDS)
    subject = pl.col("list_id").str.splitn("#", 2).struct.field("field_1")
    others = shop.with_columns(where="list_id", customer_id=none, is_models=pl.lit(False))
    yield (sentences.NEIGHBOURS,), others.filter(near).with_columns(source_id=subject).select(_CLAIM)
    yield (sentences.OF_THE_SHOP,), others.filter(~near).with_columns(source_id=none).select(_CLAIM)
