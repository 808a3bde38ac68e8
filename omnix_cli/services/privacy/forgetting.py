"""Forgetting a customer: hidden at once, erased place by place, and proven by a search of every byte.

The tombstone comes first, so that nothing brings the customer back whatever happens later. Each place can be erased
again, so a forgetting that was stopped continues when it is run again; the tombstone keeps the counts.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from omnix_cli.errors import PartialError
from omnix_cli.protocols.progress import MayGoOn, always
from omnix_cli.safe_text.redaction import Traces
from omnix_cli.services.privacy.byte_search import StoredFile, search
from omnix_cli.services.privacy.checkpoint_rows import CheckpointRows
from omnix_cli.services.privacy.kept_places import Place, checked
from omnix_cli.services.privacy.model_answers_kept import BatchJobFiles
from omnix_cli.stores.workspace.forgotten import ForgottenCustomers, Tombstone

WORDS, FIELDS = "a word anywhere", "fields and ids of customers"
"""How an id is searched: one that is like nothing else, and one that is like products, numbers or words."""
PSEUDONYM_KEY, OWN_KEY = "bedrock.pseudonym_secret", "forgotten.json"


@dataclass(frozen=True)
class Kept:
    """Everything that may keep something about customers. `live` places are erased at once; `stored` ones, and `rows`,
    when the customer is purged: until then, their rows are hidden. `files` are all files there are."""

    forgotten: ForgottenCustomers
    rows: CheckpointRows
    live: Sequence[Place]
    stored: Sequence[Place]
    files: Callable[[], Iterator[StoredFile]]
    now: Callable[[], datetime]
    secret: bytes = field(default=b"", repr=False)
    """The key of pseudonyms, with which receipts are signed; without one, the key of the tombstones."""
    pseudonym: Callable[[str], str] | None = None
    """The name of a customer in questions to models."""
    jobs: BatchJobFiles | None = None
    named_in_settings: Callable[[str], tuple[str, ...]] = lambda customer: ()
    """The settings that name a customer: every run records them."""
    open_doors: Callable[[], list[str]] = list
    """What is missing to keep the customer from being stored again."""
    may_go_on: MayGoOn = always
    close: Callable[[], object] = lambda: None
    """Closes what was opened."""

    def traces(self, customer: str) -> Traces:
        """What to look for. Raises `InvalidRecord` for a blank id."""
        known = self.forgotten.find(checked(customer))
        is_shared = self.rows.is_also(customer) if known is None else not known.is_distinctive
        return Traces(customer, is_shared=is_shared)

    @property
    def places(self) -> tuple[Place, ...]:
        return (*self.live, *self.stored, self.rows)


@dataclass(frozen=True)
class Receipt:
    """What became of a customer. `customer` is the keyed hash of the id, `erased` counts pieces by place, `hidden` the
    rows that are stored and not shown, `looked_for` says how the id was searched (`WORDS` or `FIELDS`), `remaining`
    where the customer was still found. `signature` is the HMAC-SHA256 of the other fields as JSON with sorted names,
    keyed with what `signed_with` names. A dry run has no signature."""

    customer: str
    forgotten_at: str
    purged: bool
    erased: Mapping[str, int]
    hidden: int = 0
    searched_files: int = 0
    searched_bytes: int = 0
    looked_for: str = ""
    remaining: tuple[str, ...] = ()
    signed_with: str = ""
    signature: str = ""
    dry_run: bool = field(default=False, metadata={"signed": False})

    def content(self) -> dict[str, Any]:
        """What is signed."""
        values = {**asdict(self), "remaining": list(self.remaining)}
        return {name: value for name, value in values.items() if name not in ("signature", "dry_run")}

    def signed(self, key: bytes, name: str) -> Receipt:
        """With a signature."""
        named = Receipt(**{**asdict(self), "signed_with": name})
        text = json.dumps(named.content(), sort_keys=True, separators=(",", ":"))
        return Receipt(**{**asdict(named), "signature": hmac.digest(key, text.encode(), "sha256").hex()})


def forget(customer: str, kept: Kept, *, purge: bool, dry_run: bool = False) -> Receipt:
    """Forgets a customer. With `purge`, what is stored is rewritten without the customer, and every byte is searched.

    Raises `PartialError`, with the receipt, when a place still names the customer."""
    traces = kept.traces(customer)
    if dry_run:
        counts = {place.name: sum(1 for _ in place.pieces(traces)) for place in kept.places}
        return Receipt("", kept.now().isoformat(), purge, counts, dry_run=True)
    tombstone = _buried(customer, kept, traces)
    for place in (*kept.live, *((*kept.stored, kept.rows) if purge else ())):
        kept.may_go_on()
        erased = place.erase(traces)
        tombstone = _noted(customer, kept, place.name, erased)
    open_doors = kept.open_doors()
    if not purge:
        hidden = 0 if tombstone.purged else sum(1 for _ in kept.rows.pieces(traces))
        return _complete(_given(customer, kept, _receipt(tombstone, hidden=hidden, remaining=tuple(open_doors))))
    searched = search(kept.files(), (traces, *([Traces(kept.pseudonym(customer))] if kept.pseudonym else [])))
    open_jobs = kept.jobs.open_jobs(traces) if kept.jobs else []
    settings = kept.named_in_settings(customer)
    in_tables = [piece.where for place in kept.live for piece in place.pieces(traces)]
    jobs = (f"batch job {name}" for name in open_jobs)
    remaining = tuple(dict.fromkeys((*searched.found, *in_tables, *settings, *jobs, *open_doors)))
    if not remaining:
        tombstone = kept.forgotten.change(customer, lambda one, name: _known(one).model_copy(update={"purged": True}))
    receipt = _receipt(
        tombstone,
        searched_files=searched.files,
        searched_bytes=searched.bytes,
        remaining=tuple(map(traces.redacted, remaining)),
    )
    return _complete(_given(customer, kept, receipt))


def _complete(receipt: Receipt) -> Receipt:
    """The receipt, if nothing remains."""
    if not receipt.remaining:
        return receipt
    places = ", ".join(receipt.remaining[:5])
    raise PartialError(
        f"the customer is not wholly forgotten; {len(receipt.remaining)} places remain: {places}",
        hint="Remove or correct these files, create the tables, or wait for the batch jobs to end; then run it again.",
        report=receipt,
    )


def _buried(customer: str, kept: Kept, traces: Traces) -> Tombstone:
    """The tombstone, made before anything is erased."""
    if (known := kept.forgotten.find(customer)) is not None:
        return known
    rows = kept.rows.current_rows(traces)
    now = kept.now()

    def buried(before: Tombstone | None, name: str) -> Tombstone:
        return before or Tombstone(hash=name, forgotten_at=now, is_distinctive=traces.is_distinctive, rows=rows)

    return kept.forgotten.change(customer, buried)


def _noted(customer: str, kept: Kept, place: str, count: int) -> Tombstone:
    def noted(before: Tombstone | None, name: str) -> Tombstone:
        erased = _known(before).erased
        return _known(before).model_copy(update={"erased": {**erased, place: erased.get(place, 0) + count}})

    return kept.forgotten.change(customer, noted)


def _receipt(tombstone: Tombstone, **facts: Any) -> Receipt:
    at, erased = tombstone.forgotten_at.isoformat(), dict(sorted(tombstone.erased.items()))
    looked_for = WORDS if tombstone.is_distinctive else FIELDS
    return Receipt(tombstone.hash, at, tombstone.purged, erased, looked_for=looked_for, **facts)


def _given(customer: str, kept: Kept, receipt: Receipt) -> Receipt:
    """The receipt, signed, and kept with the tombstone."""
    key, name = (kept.secret, PSEUDONYM_KEY) if kept.secret else (kept.forgotten.key, OWN_KEY)
    signed = receipt.signed(key, name)
    kept.forgotten.change(
        customer,
        lambda one, name: _known(one).model_copy(
            update={"receipt": {**signed.content(), "signature": signed.signature}}
        ),
    )
    return signed


def _known(tombstone: Tombstone | None) -> Tombstone:
    assert tombstone is not None, "the tombstone is made first"
    return tombstone
