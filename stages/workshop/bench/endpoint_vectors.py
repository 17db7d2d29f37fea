"""Vectors of prompts from an endpoint that answers `/v1/embeddings`."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from policies.canonical import Json, sha256_of
from policies.errors import Broken, InputError
from policies.task import Sampling
from stages.engine.answering import Answers, Inquiry
from stages.engine.threads import Failed
from stages.evidence.items import Item, Response
from stages.evidence.json_lines import strict_json
from stages.models.client import Request
from stages.models.completion import Unusable
from stages.models.connection import Connection, Lack
from stages.models.openai_compatible import OpenAICompatible
from stages.workshop.bench.recipe import Embeddings
from stages.workshop.bench.vectors import Embedded, Vectors, packed, stacked, unpacked
from stages.workshop.spending import demand_within_budget
from stages.workshop.workroom import Workroom

ONCE = Sampling(temperature=0.0, max_tokens=1, seed=0)
"""An embedding is not drawn; a budget counts its text, and nothing for an answer."""

_LACK = Lack("gave no vectors", "serve a model of embeddings, e.g. by vLLM with --runner pooling")

_Put = Callable[[Sequence[Item]], Answers]


def asked_vectors(texts: Sequence[str], name: str, how: Embeddings, room: Workroom) -> Embedded:
    """Vectors by an endpoint: journaled by batch, within the budget.

    Raises:
        OutOfBudget: When the recipe's budget does not pay for it.
        Broken: When the endpoint does not work, or embeds nothing.
    """
    hand = room.hand(name)
    if not isinstance(hand.client, OpenAICompatible):
        raise InputError(
            f"cannot ask `{name}` for embeddings",
            why="it is no endpoint with an address",
            fix="name its folder in `embeddings.folder`",
        )
    client = EmbeddingsEndpoint(hand.client)
    try:
        ask = room.asker(hand)

        def put(items: Sequence[Item]) -> Answers:
            return ask(
                Inquiry(
                    client=client,
                    items=tuple(items),
                    sampling=ONCE,
                    log=room.log("embeddings"),
                    progress=room.progress,
                )
            )

        groups = [
            range(begin, min(begin + how.batch, len(texts)))
            for begin in range(0, len(texts), how.batch)
        ]
        return _gathered(texts, groups, put, model=sha256_of(dict(client.identity)))
    finally:
        client.close()


def _gathered(
    texts: Sequence[str],
    groups: Sequence[range],
    put: _Put,
    *,
    model: str,
) -> Embedded:
    """Vectors of all groups; the texts of a group that failed are asked one by one."""
    answers = put([_batch(texts, group) for group in groups])
    rows: dict[int, Vectors] = {}
    alone: list[int] = []
    for group in groups:
        match answers.responses[_name(group)]:
            case Response() as said:
                rows |= dict(zip(group, unpacked(said.text, len(group)), strict=True))
            case Failed() as why:
                _stop_if_hopeless(why)
                alone += group
    lacking: dict[int, str] = {}
    single = [range(number, number + 1) for number in alone]
    for one, outcome in zip(single, _replies(put, texts, single), strict=True):
        if isinstance(outcome, Response):
            rows[one.start] = unpacked(outcome.text, 1)[0]
        else:
            _stop_if_hopeless(outcome)
            lacking[one.start] = outcome.reason
    if not rows:
        raise Broken(
            "cannot embed any prompt",
            why=next(iter(lacking.values())),
            fix="see whether the endpoint serves a model of embeddings",
        )
    return stacked(rows, lacking, len(texts), model)


def _replies(put: _Put, texts: Sequence[str], groups: Sequence[range]) -> list[Response | Failed]:
    if not groups:
        return []
    return list(put([_batch(texts, group) for group in groups]).responses.values())


def _stop_if_hopeless(why: Failed) -> None:
    """What would befall every text stops the step; the journal keeps what was answered."""
    demand_within_budget([why], "embedding the prompts")
    if why.unreached:
        raise Broken(
            "cannot embed the prompts",
            why=why.reason,
            fix="start the server, or correct its address; then run the same command again",
        )


def _batch(texts: Sequence[str], group: range) -> Item:
    messages = tuple({"role": "user", "content": texts[number]} for number in group)
    return Item(id=_name(group), messages=messages, cluster=_name(group))


def _name(group: range) -> str:
    return f"{group.start}-{group.stop}"


class EmbeddingsEndpoint:
    """A client whose answer to a question is the vectors of its messages, as base64.

    So that vectors are journaled, paid for and limited as every other answer is.

    Args:
        client: How the endpoint is reached.
    """

    def __init__(self, client: OpenAICompatible) -> None:
        self._connection = Connection(client.settings)

    @property
    def identity(self) -> Mapping[str, Json]:
        """Address and model name."""
        return {
            "kind": "embeddings",
            "base_url": self._connection.base_url,
            "model": self._connection.model,
        }

    @property
    def slots(self) -> int:
        """As set."""
        return self._connection.settings.slots

    def answer(self, request: Request) -> Response:
        """The vectors of all messages.

        Raises:
            ModelError: When there are none.
        """
        texts: list[Json] = [message["content"] for message in request.item.messages]
        return self._connection.ask(
            "/embeddings",
            {"input": texts, "encoding_format": "float"},
            about=f"batch {request.item.id}",
            read=lambda data: _read_vectors(data, len(texts)),
            lack=_LACK,
        )

    def close(self) -> None:
        """Lets go of connections."""
        self._connection.close()


def _read_vectors(data: bytes, texts: int) -> Response | Unusable:
    """Rows of one length, as OpenAI's embeddings say them, in the order of their `index`."""
    try:
        said = strict_json(data.decode())
    except (UnicodeDecodeError, ValueError):
        return Unusable("the reply is no JSON")
    match said:
        case {"data": list(rows), **rest} if len(rows) == texts:
            pass
        case _:
            return Unusable(f"the reply does not hold {texts} vectors in `data`")
    try:
        ordered = sorted(rows, key=lambda row: int(row["index"]))
        vectors = np.array([row["embedding"] for row in ordered], np.float32)
    except (KeyError, TypeError, ValueError):
        return Unusable("a row of `data` is no vector of the others' length")
    if vectors.ndim != 2 or not vectors.size or not np.isfinite(vectors).all():  # noqa: PLR2004
        return Unusable("a row of `data` is no vector of finite numbers")
    usage = rest.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, Mapping) else None
    return Response(
        text=packed(vectors),
        prompt_tokens=tokens if isinstance(tokens, int) else 0,
        model=str(rest.get("model", "")),
    )
