from __future__ import annotations

from omnix_cli.predictors.bedrock.asking.prices import load_prices
from omnix_cli.predictors.bedrock.asking.tokens import dearest, estimated_tokens, question_text
from omnix_cli.records import TokenUsage
from tests.questions import MODEL, question

NOVA_LITE = load_prices().of(MODEL)


def test_the_dearest_answer_bounds_what_any_tokenizer_makes_of_it() -> None:
    asked = question("ann", products=20)
    bound = dearest(asked, NOVA_LITE, schema_bytes=500)
    a_token_a_byte = TokenUsage(
        input=len(question_text(asked).encode()) + 500, output=asked.max_output_tokens, cache_read=0, cache_write=0
    )
    assert bound > NOVA_LITE.cost(a_token_a_byte)
    assert bound < 3 * NOVA_LITE.cost(a_token_a_byte)


def test_tokens_are_estimated_by_letters_digits_and_signs() -> None:
    # cl100k makes 1, 1, 6 and 17 tokens of these.
    assert estimated_tokens("milk") == 1
    assert estimated_tokens("Milk is") == 2
    assert estimated_tokens("2018-01-15") == 6
    assert estimated_tokens("995242|FLUID MILK|DAIRY|12|2018-01-13") in range(15, 20)
    assert estimated_tokens("") == 0
