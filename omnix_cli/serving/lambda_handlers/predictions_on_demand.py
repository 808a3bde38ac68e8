"""Predictions by a model for some customers, on demand: `{"customers": ["1142", ...]}`.

The function ends before its time does, and says who is left: ask again about them. Each answer is kept in the shared
workspace at once, so nothing is paid for twice; for the same reason it works alone there, as a run does. Consents are
those of the store at this moment: who has withdrawn is not asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from omnix_cli.serving.lambda_handlers.container import present, settings

RESERVE_SECONDS = 10.0
"""What must be left, besides the time of one answer: to predict with the answers, and to share them."""


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Asks about customers, and returns `predictions`, who `failed` or was `skipped` and why, and who is `left`.

    Raises `InvalidRecord` for another event, `LockedError` while a run works in the workspace, and whatever a run
    raises."""
    import orjson

    from omnix_cli.json_records.customer_records import PredictionRequest, parsed
    from omnix_cli.services.models import predict_some
    from omnix_cli.wiring.rehearsals import scratch_runner
    from omnix_cli.wiring.workspaces import Workspace

    customers = parsed(PredictionRequest, event).customers
    opened = Workspace.open(settings(), now=present)
    workspace = replace(opened, file_replies=1, asked_about=frozenset(customers))
    reserve = RESERVE_SECONDS + workspace.settings.bedrock.read_timeout_seconds

    def is_time() -> bool:
        return context.get_remaining_time_in_millis() > reserve * 1_000

    with workspace.lock("predict on demand"):
        workspace.prepare(dry_run=True)
        predictor = replace(workspace.predictors, is_time=is_time).bedrock()
        with scratch_runner(workspace, predictor) as runner:
            found = predict_some(predictor, runner, customers)
    return {
        "predictions": orjson.loads(orjson.dumps(found.predictions.to_dicts())),
        "failed": dict(found.failed),
        "skipped": dict(found.skipped),
        "left": list(found.left),
    }
