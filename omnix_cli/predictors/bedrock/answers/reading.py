"""Reading replies into standings, and asking to repair what is not valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from omnix_cli.predictors.bedrock.answers.outcomes import Standing
from omnix_cli.predictors.bedrock.answers.parsing import CustomerAnswer, read_answer
from omnix_cli.predictors.bedrock.prompts.prompt_files import Prompt
from omnix_cli.predictors.bedrock.prompts.pseudonyms import Scanner
from omnix_cli.predictors.bedrock.prompts.questions import Inquiry
from omnix_cli.predictors.bedrock.replies import Obtained
from omnix_cli.records import Question, Reply

NOT_VALID = "no valid answer"
PERSONAL_DATA = "personal data in the prompt"
REFUSED = "the model refused"
REFUSALS = ("guardrail_intervened", "content_filtered")
CUT_OFF = "max_tokens"


def standings_before(inquiry: Inquiry) -> dict[str, Standing]:
    """Where everybody stands before the answers of this day are read."""
    standings = {
        customer: Standing(customer, earlier.as_of, earlier.question, "reused", earlier.answer)
        for customer, earlier in inquiry.reused.items()
    }
    for customer, (question, found) in inquiry.refused.items():
        standings[customer] = Standing(customer, inquiry.as_of, question, reason=PERSONAL_DATA, detail=found)
    for asked in inquiry.questions:
        standings |= {customer: Standing(customer, inquiry.as_of, asked.key) for customer in asked.customers}
    return standings


@dataclass(frozen=True)
class Reader:
    """Takes replies into the standings of the customers they are about."""

    inquiry: Inquiry
    standings: Mapping[str, Standing]
    prompt: Prompt
    pseudonym: Callable[[str], str]
    scanner: Scanner

    def read(
        self, questions: Sequence[Question], obtained: Obtained, *, valid: Literal["asked", "repaired"]
    ) -> list[Question]:
        """Takes what came back; who has a valid answer is `valid` then. Returns the questions that may repair the rest:
        none where the model refused, as it would again."""
        repairs = []
        for question in questions:
            reply = obtained.replies.get(question.key)
            if reply is None:
                failure = obtained.failures[question.key]
                for customer in question.customers:
                    self.standings[customer].reason = failure.reason
                    self.standings[customer].detail = failure.detail
                continue
            wrong = self._take(question, reply, valid)
            if wrong and reply.stop_reason not in REFUSALS:
                repairs.append(self.prompt.repair(question, reply.text, wrong, self.pseudonym))
        return repairs

    def _take(self, question: Question, reply: Reply, valid: Literal["asked", "repaired"]) -> dict[str, str]:
        """Takes one reply; returns what is wrong with it, by customer."""
        subjects = self.inquiry.subjects
        products = {customer: {row.product_id for row in subjects[customer].rows} for customer in question.customers}
        is_refusal, wrong = reply.stop_reason in REFUSALS, {}
        for customer, answer in read_answer(reply.text, question, self.pseudonym, products, self.scanner).items():
            standing = self.standings[customer]
            standing.paid(reply, question)
            if isinstance(answer, CustomerAnswer):
                standing.answer, standing.state = answer, valid
                continue
            if reply.stop_reason == CUT_OFF:
                answer = f"the answer was cut off after {reply.usage.output} tokens; {answer}"
            wrong[customer] = answer
            standing.reason = REFUSED if is_refusal else NOT_VALID
            standing.detail = reply.stop_reason if is_refusal else answer
        return wrong
