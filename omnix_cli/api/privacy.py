"""`workspace.privacy`: what is kept about single customers, handed out and erased; what leaves the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from omnix_cli.api.opening import Opening

if TYPE_CHECKING:
    from omnix_cli.services.privacy.forgetting import Kept, Receipt
    from omnix_cli.services.privacy.outgoing_data import PrivacyReport
    from omnix_cli.wiring.workspaces import Workspace


@dataclass(frozen=True)
class Privacy:
    """Customers in everything that a workspace and its store keep."""

    opening: Opening

    def export(self, customer: str) -> dict[str, Any]:
        """All that is stored about a customer, by place, each piece with where it came from."""
        from omnix_cli.services.privacy.customer_export import export

        workspace = self.opening.existing()
        with _kept(workspace) as kept:
            return export(kept.traces(customer), kept.places, now=self.opening.now())

    def report(self) -> PrivacyReport:
        """What leaves the machine by the settings, the floors of small groups, and how long things are kept."""
        from omnix_cli.predictors.statistical import StatisticalPredictor
        from omnix_cli.services.privacy.outgoing_data import privacy_report

        return privacy_report(
            self.opening.load().values,
            lambda settings: StatisticalPredictor(settings.prediction, min_customers=settings.privacy.min_customers),
        )

    def forget(self, customer: str, *, purge: bool = False, dry_run: bool = False) -> Receipt:
        """Forgets a customer: gone from the store and from the answers of models, and hidden in what else is stored;
        with `purge`, what else is stored is rewritten without the customer, and every byte is searched. Raises
        `PartialError`, with the receipt, when a place still names the customer."""
        from omnix_cli.services.privacy.forgetting import forget
        from omnix_cli.wiring.places import Places

        command = "customers forget"  # without the id: the lock names the command
        with self.opening.locked(command, dry_run=dry_run, resumes=True) as workspace, _kept(workspace) as kept:
            copies = Places(workspace).journals()
            is_alone = copies.locked(command) if copies.folder.exists() and not dry_run else nullcontext()
            with is_alone:
                return forget(customer, kept, purge=purge, dry_run=dry_run)


@contextmanager
def _kept(workspace: Workspace) -> Iterator[Kept]:
    from omnix_cli.wiring.kept_data import kept_data
    from omnix_cli.wiring.stores import table_store

    with closing(table_store(workspace.settings, now=workspace.now)) as store:
        kept = kept_data(workspace, store)
        try:
            yield kept
        finally:
            kept.close()
            workspace.close()
