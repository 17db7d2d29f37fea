from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from policies.task import Sampling
from stages.engine.answering import AnswerLog, Answers, Ask, Inquiry, ask_at_once
from stages.engine.folder_state import FolderState
from stages.engine.threads import Failed
from stages.evidence.estimate import Cause
from stages.evidence.items import Item, Response
from stages.judges.purse import BATCH_SHARE, Cap, Purse
from stages.models.openai_compatible import OpenAICompatible
from stages.models.prices import UNPRICED, Price
from tests.servers import openai_server
from tests.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.integration

SAMPLING = Sampling(max_tokens=10)
DEAR = Price(usd_input=0.0, usd_output=1_000_000.0)
"""A dollar for every token of an answer: at most 10 a question, 3 as the server answers."""


def items(number: int, start: int = 0) -> list[Item]:
    return [
        Item(id=str(n), messages=({"role": "user", "content": f"question {n}"},), cluster=str(n))
        for n in range(start, start + number)
    ]


class Till:
    """Asks a server through one purse."""

    def __init__(self, client: OpenAICompatible, state: FolderState, cap: Cap) -> None:
        self.client, self.purse = client, Purse(cap)
        self.log = AnswerLog(state=state, stream="judges/toy")

    def __call__(
        self,
        asked: Sequence[Item],
        price: Price = DEAR,
        ask: Ask = ask_at_once,
        *,
        look: bool = False,
    ) -> Answers:
        way = self.purse.look if look else self.purse.guard
        inquiry = Inquiry(client=self.client, items=tuple(asked), sampling=SAMPLING, log=self.log)
        return way(ask, price)(inquiry)


@pytest.fixture
def echoing(pairs_server: OpenAIServer) -> OpenAIServer:
    pairs_server.behaviour = openai_server.echo
    return pairs_server


def given(answers: Answers) -> int:
    return sum(isinstance(r, Response) for r in answers.responses.values())


def causes(answers: Answers) -> set[Cause]:
    return {r.cause for r in answers.responses.values() if isinstance(r, Failed)}


def test_a_purse_without_a_bottom_asks_everything_and_tells_what_it_cost(
    judge_client: OpenAICompatible, journal: FolderState, echoing: OpenAIServer
) -> None:
    till = Till(judge_client, journal, Cap())
    assert given(till(items(4))) == len(echoing.calls) == 4
    assert not till.purse.limited
    spent = till.purse.spent()
    assert (spent.calls, spent.completion_tokens, spent.usd) == (4, 12, 12.0)


def test_calls_stop_before_the_cap_is_exceeded(
    judge_client: OpenAICompatible, journal: FolderState, echoing: OpenAIServer
) -> None:
    till = Till(judge_client, journal, Cap(calls=5))
    assert given(till(items(4))) == 4
    rest = till(items(4, start=4))

    assert given(rest) == 1
    assert causes(rest) == {Cause.OVER_BUDGET}
    assert len(echoing.calls) == 5
    assert {type(r) for r in rest.responses.values()} == {Response, Failed}


def test_money_is_never_overspent_and_used_as_far_as_it_goes(
    judge_client: OpenAICompatible, journal: FolderState, echoing: OpenAIServer
) -> None:
    """20 dollars pay for two questions at their dearest; as each costs 3, four are answered."""
    till = Till(judge_client, journal, Cap(usd=20.0))
    found = till(items(10))

    assert given(found) == len(echoing.calls) == 4
    assert till.purse.spent().usd == 12.0
    assert causes(found) == {Cause.OVER_BUDGET}
    assert "a question may cost 10" in str(found.responses["9"])


def test_equal_questions_are_put_and_paid_once_however_far_apart_they_stand(
    judge_client: OpenAICompatible, journal: FolderState, echoing: OpenAIServer
) -> None:
    till = Till(judge_client, journal, Cap(calls=7))
    first = items(4)
    twins = [replace(item, id=f"twin of {item.id}") for item in first]
    found = till([*first, *twins])
    assert given(found) == 8
    assert len(echoing.calls) == 4
    assert (found.cost.calls, found.cost.completion_tokens) == (4, 12)
    assert found.responses["twin of 2"] == found.responses["2"]
    assert till([*first, *twins]).cost == found.cost
    beyond = till([*items(8), *twins, *(replace(i, id=f"no {i.id}") for i in items(8))])
    assert len(echoing.calls) == 7
    unpaid = [name for name, r in beyond.responses.items() if isinstance(r, Failed)]
    assert unpaid == ["7", "no 7"]


def test_a_service_that_tells_no_tokens_counts_a_call_each_at_its_dearest() -> None:
    purse = Purse(Cap(calls=5, usd=1.0))
    assert purse.admit_at([0.25] * 3, calls_each=1) == 3
    purse.charge_service("rewards", {"a": 0.25, "b": 0.25})
    purse.charge_service("rewards", {"b": 0.25, "c": 0.25})
    assert (purse.spent().calls, purse.spent().usd) == (3, 0.75)
    assert purse.admit_at([0.25] * 3, calls_each=1) == 1
    without = purse.admit_at([None], calls_each=1)
    assert isinstance(without, Failed)
    assert "has no price" in without.reason
    purse.charge_service("rewards", {"d": 0.25})
    assert isinstance(purse.admit_at([0.25], calls_each=1), Failed)


def test_what_is_journaled_counts_again_in_the_next_process(
    judge_client: OpenAICompatible, journal: FolderState, echoing: OpenAIServer
) -> None:
    Till(judge_client, journal, Cap(calls=5))(items(4))
    again = Till(judge_client, journal, Cap(calls=5))
    assert given(again(items(8))) == 5
    assert len(echoing.calls) == 5


def test_a_look_at_everything_makes_the_account_whole_before_anything_is_asked(
    judge_client: OpenAICompatible, journal: FolderState, echoing: OpenAIServer
) -> None:
    """Without it the second list, which is journaled, would be paid after the first is asked."""
    Till(judge_client, journal, Cap())(items(4, start=4))
    till = Till(judge_client, journal, Cap(calls=5))
    till(items(4), look=True)
    till(items(4, start=4), look=True)
    assert len(echoing.calls) == 4
    assert given(till(items(4))) == 1
    assert len(echoing.calls) == 5


def test_failed_calls_count_at_their_dearest(
    judge_client: OpenAICompatible, journal: FolderState, echoing: OpenAIServer
) -> None:
    echoing.behaviour = lambda _: openai_server.refusal()
    till = Till(judge_client, journal, Cap(usd=25.0))
    found = till(items(5))
    assert len(echoing.calls) == 2
    assert causes(found) == {Cause.BROKEN, Cause.OVER_BUDGET}
    assert till.purse.spent().calls == 2


@pytest.fixture
def insisting(judge_client: OpenAICompatible) -> Iterator[OpenAICompatible]:
    """The judge, asked twice where its reply is no answer."""
    client = OpenAICompatible(replace(judge_client.settings, attempts=2))
    yield client
    client.close()


@pytest.mark.parametrize("cap", [2, 5, 6, 11])
def test_replies_that_are_no_answers_count_and_a_cap_holds_but_for_the_last_question(
    insisting: OpenAICompatible, journal: FolderState, echoing: OpenAIServer, cap: int
) -> None:
    """Every reply is cut off, and each question is put twice for it."""
    cut = openai_server.completion("yes", finish="length")
    echoing.behaviour = lambda _: openai_server.Reaction(body=cut)
    till = Till(insisting, journal, Cap(calls=cap))
    found = till(items(20))
    assert cap <= len(echoing.calls) <= cap + 1
    assert till.purse.spent().calls == len(echoing.calls)
    assert causes(found) == {Cause.BROKEN, Cause.OVER_BUDGET}
    again = Till(insisting, journal, Cap(calls=cap))
    assert causes(again(items(20))) >= {Cause.OVER_BUDGET}
    assert len(echoing.calls) <= cap + 1


def test_an_answer_after_a_reply_that_was_none_is_two_calls(
    insisting: OpenAICompatible, journal: FolderState, echoing: OpenAIServer
) -> None:
    replies = iter([openai_server.completion("yes", finish="length")])
    echoing.behaviour = lambda _: openai_server.Reaction(
        body=next(replies, openai_server.completion("yes"))
    )
    till = Till(insisting, journal, Cap())
    assert given(till(items(1))) == 1
    assert till.purse.spent().calls == len(echoing.calls) == 2
    assert Till(insisting, journal, Cap())(items(1)).responses["0"] is not None
    assert len(echoing.calls) == 2


@pytest.mark.parametrize("price", [UNPRICED, Price(usd_input=1.0)])
def test_without_a_price_a_cap_in_money_asks_nothing(
    judge_client: OpenAICompatible, journal: FolderState, echoing: OpenAIServer, price: Price
) -> None:
    found = Till(judge_client, journal, Cap(usd=1.0))(items(2), price)
    assert causes(found) == {Cause.OVER_BUDGET}
    assert "no price" in str(found.responses["0"])
    assert not echoing.calls


def test_an_endpoint_that_does_not_tell_its_tokens_is_asked_no_more_under_a_cap_in_money(
    judge_client: OpenAICompatible, journal: FolderState, echoing: OpenAIServer
) -> None:
    echoing.behaviour = lambda _: openai_server.Reaction(
        body=openai_server.completion("yes").replace(b'"usage"', b'"used"')
    )
    till = Till(judge_client, journal, Cap(usd=100.0))
    till(items(1))
    assert causes(till(items(2))) == {Cause.OVER_BUDGET}
    assert till.purse.spent().usd is None


def test_what_is_put_and_not_answered_yet_counts_at_its_dearest(
    judge_client: OpenAICompatible, journal: FolderState, echoing: OpenAIServer
) -> None:
    put: set[str] = set()

    def in_batches(inquiry: Inquiry, *, calls_at_most: int | None = None) -> Answers:
        known = ask_at_once(inquiry, calls_at_most=0)
        if calls_at_most is None:
            put.update(item.id for item in inquiry.items)
        waits = Failed("in a batch", Cause.WAITING)
        return Answers(
            responses={n: waits if n in put else r for n, r in known.responses.items()},
            cost=known.cost,
        )

    till = Till(judge_client, journal, Cap(usd=25.0))
    found = till(items(5), ask=in_batches)
    assert put == {"0", "1"}
    assert causes(found) == {Cause.WAITING, Cause.OVER_BUDGET}
    assert causes(till(items(5), ask=in_batches)) == causes(found)
    assert put == {"0", "1"}
    assert not echoing.calls


def test_a_reply_of_a_batch_costs_half(
    judge_client: OpenAICompatible, journal: FolderState, echoing: OpenAIServer
) -> None:
    till = Till(judge_client, journal, Cap())
    till(items(1))
    entry = journal.read("judges/toy")[0]
    journal.append("judges/toy", [])
    other = FolderState(journal._folder / "other")
    other.append("judges/toy", [{**entry, "batch": "batch_1"}])
    again = Till(judge_client, other, Cap())
    again(items(1))
    assert len(echoing.calls) == 1
    assert again.purse.spent().usd == 3.0 * BATCH_SHARE
