from __future__ import annotations

import threading
from contextlib import closing

import pytest

from omnix_cli.predictors.bedrock.asking.workers import Workers
from omnix_cli.records import Question, Reply
from tests.questions import questions, reply


def test_every_question_comes_back_with_its_result() -> None:
    asked = questions(50)
    workers = Workers(4, lambda question, workers: reply(question))
    results = dict((question.key, result) for question, result in workers.results(iter(asked)))
    assert results == {question.key: reply(question) for question in asked}


def test_an_error_of_a_worker_is_raised_where_the_questions_come_from() -> None:
    def fail(question: Question, workers: Workers) -> Reply:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(Workers(2, fail).results(iter(questions(5))))


def test_who_waits_ends_with_the_call() -> None:
    ended = threading.Event()

    def work(question: Question, workers: Workers) -> Reply:
        if question.customers == ("customer-0000",):
            return reply(question)
        try:
            workers.pause(60)
        finally:
            ended.set()
        return reply(question)

    with closing(Workers(2, work).results(iter(questions(2)))) as results:
        next(results)
    assert ended.wait(5)
