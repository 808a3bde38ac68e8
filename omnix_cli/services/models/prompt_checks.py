"""Checking a prompt: what it says about one customer, and how a model answers it."""

from __future__ import annotations

from dataclasses import dataclass

from omnix_cli.errors import PartialError
from omnix_cli.predictors.bedrock.predictor import BedrockPredictor
from omnix_cli.predictors.bedrock.prompts.prompt_files import load_prompt
from omnix_cli.predictors.bedrock.prompts.trials import Trial, try_prompt
from omnix_cli.protocols.models import AnswerLedger, Asker
from omnix_cli.services.runs.runner import Runner
from omnix_cli.settings import BedrockSettings


@dataclass(frozen=True)
class PromptReport:
    """The answers of a model to a prompt, one for each invented customer."""

    prompt: str
    trials: tuple[Trial, ...]

    @property
    def good(self) -> int:
        """How many answers are good."""
        return sum(trial.is_good for trial in self.trials)


def show_prompt(model: BedrockPredictor, runner: Runner, customer: str) -> str:
    """Exactly what would be sent about a customer."""
    frames = {name: frame.scan() for name, frame in runner.inputs("predict").items()}
    return model.show(customer, **frames, as_of=runner.as_of())


def check_prompt(spec: str, answers: AnswerLedger, asker: Asker, settings: BedrockSettings) -> PromptReport:
    """Asks a model about invented customers whose good answers are known. Raises `PartialError` with the report when
    some answers are not good."""
    report = PromptReport(spec, tuple(try_prompt(load_prompt(spec), answers, asker, settings)))
    bad = len(report.trials) - report.good
    if bad:
        error = PartialError(f"{bad} of {len(report.trials)} answers are not good", hint="See `problems`.")
        error.report = report
        raise error
    return report
