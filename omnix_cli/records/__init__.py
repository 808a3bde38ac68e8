"""Single records that are stored as JSON and validated when read: runs, imports, migrations, questions to models.

Tables of rows are in `schemas`; nothing here reads or writes a file.
"""

from omnix_cli.records.imports import ImportBatch, ImportedFile
from omnix_cli.records.migrations import MigrationRecord, SegmentProgress
from omnix_cli.records.models import TOKEN_KINDS, BatchJob, Failure, Question, Reply, TokenUsage, Turn
from omnix_cli.records.record import Record
from omnix_cli.records.runs import RunRecord, StepRecord, StepStatus, run_id_at

__all__ = [
    "TOKEN_KINDS",
    "BatchJob",
    "Failure",
    "ImportBatch",
    "ImportedFile",
    "MigrationRecord",
    "Question",
    "Record",
    "Reply",
    "RunRecord",
    "SegmentProgress",
    "StepRecord",
    "StepStatus",
    "TokenUsage",
    "Turn",
    "run_id_at",
]
