"""A language model in a folder, run in this process by transformers."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from policies.canonical import Json
from policies.task import Sampling
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.items import Item, Response
from stages.models.client import EmptyAnswer, EndpointError, ModelError, Request, RequestRefused
from stages.models.gathering import Gathering
from stages.models.local_drawing import Draw, EachByItself, UntilItsOwnEnd
from stages.models.local_folder import Device, LocalModel, Precision, load_local
from stages.models.local_likelihood import Likelihood, Span, likelihoods
from stages.models.visible import says_nothing

if TYPE_CHECKING:
    from transformers import GenerationConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A question and an answer to it, by whomever.

    Attributes:
        messages: The question, as OpenAI chat messages.
        answer: The answer; not empty.
    """

    messages: tuple[Mapping[str, Json], ...]
    answer: str

    def __post_init__(self) -> None:
        if not self.answer:
            raise ValueError("an answer says something")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    ids: tuple[int, ...]
    sampling: Sampling
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    text: str
    tokens: int
    cut: bool
    asked: int = 0
    """Tokens of the question."""


class LocalTransformers:
    """Asks a model that was loaded here; questions of several threads are answered together.

    An answer is drawn by its own question and seed (`local_drawing`): the same whoever else is
    asked at the time, but for rounding. It is told what a sampling says and nothing else: what the
    folder's `generation_config.json` suggests (penalties, a temperature) does not count. It cannot
    be held to a form: `response_format` does nothing.

    Args:
        folder: With `config.json`, `*.safetensors` and a tokenizer.
        device: Where it runs.
        precision: In which numbers.
        slots: Questions at once.
        chat_template: How conversations are shown to it, in Jinja; None: as its tokenizer says.

    Raises:
        InputError: When it is no language model that can be used.
        Broken: When the libraries that run it are not installed, or the device is not there.
    """

    def __init__(
        self,
        folder: Path,
        *,
        device: Device = "auto",
        precision: Precision = "auto",
        slots: int = 16,
        chat_template: str | None = None,
    ) -> None:
        self._local = load_local(
            folder, device=device, precision=precision, chat_template=chat_template
        )
        self._chat_template = chat_template
        self._slots = slots
        self._config = _only_what_is_asked(self._local)
        self._gathering = Gathering(self._together, at_most=slots)

    @property
    def identity(self) -> Mapping[str, Json]:
        """Digest of the model's files, in which numbers it counts, and a template given to it."""
        said: dict[str, Json] = {
            "kind": "local",
            "sha256": self._local.sha256,
            "dtype": self._local.dtype,
        }
        if self._chat_template is not None:
            said["chat_template"] = self._chat_template
        return said

    @property
    def slots(self) -> int:
        """As set."""
        return self._slots

    def answer(self, request: Request, *, template: Mapping[str, Json] | None = None) -> Response:
        """The model's answer.

        Args:
            request: The question.
            template: What its chat template is given beside the conversation.

        Raises:
            RequestRefused: When the question is longer than it reads, or its template refuses it.
            EmptyAnswer: When it says nothing.
            EndpointError: When it cannot be run: memory, weights that are no numbers.
            ModelError: When the answer was cut at `max_tokens`.
        """
        written = self._written(request, template or {})
        if written.cut:
            raise ModelError(
                f"the model {self._name} gave no answer to item {request.item.id}",
                why=f"it was cut after {written.tokens} tokens",
                fix="raise `max_tokens` in the sampling, or use a model that reads more",
            )
        return self._response(written, request.item)

    def answer_in_part(
        self, request: Request, *, template: Mapping[str, Json] | None = None
    ) -> Response:
        """As `answer`, taking an answer that was cut at `max_tokens`."""
        return self._response(self._written(request, template or {}), request.item)

    def log_likelihood(self, rows: Sequence[Told]) -> tuple[Likelihood | Unmeasured, ...]:
        """How likely the model finds answers, each by itself: padding and question do not count.

        Args:
            rows: Questions with answers.

        Returns:
            One for every row, in order; `Unmeasured` for those longer than the model reads, and
            where its scores are no numbers.

        Raises:
            RequestRefused: When its template refuses a question.
            EndpointError: When it cannot be run.
        """
        spans = [self._span(row) for row in rows]
        fitting = [span for span in spans if len(span.ids) <= self._local.longest]
        found = iter(likelihoods(self._local, fitting, at_once=self._slots))
        return tuple(
            next(found)
            if len(span.ids) <= self._local.longest
            else Unmeasured(
                f"it has {len(span.ids)} tokens, the model reads {self._local.longest}",
                Cause.BROKEN,
            )
            for span in spans
        )

    @property
    def _name(self) -> str:
        """As reasons name it that are frozen: they do not depend on where its folder lies."""
        return self._local.folder.resolve().name

    def close(self) -> None:
        """Lets go of nothing: the weights go with the client."""

    def _written(self, request: Request, template: Mapping[str, Json]) -> _Written:
        item = request.item
        ids = self._ids(self._shown(item.messages, tools=item.tools, template=template))
        if len(ids) >= self._local.longest:
            raise RequestRefused(
                f"the model {self._name} cannot be asked item {item.id}",
                why=f"it has {len(ids)} tokens, the model reads {self._local.longest}",
                fix="leave such items out, or use a model that reads more",
            )
        row = _Row(ids=ids, sampling=request.sampling, digest=item.digest)
        return replace(self._gathering.ask(row), asked=len(ids))

    def _response(self, written: _Written, item: Item) -> Response:
        if says_nothing(written.text):
            raise EmptyAnswer(
                f"the model {self._name} gave no answer to item {item.id}",
                why="it said nothing",
                fix="look at the question, or train it to answer",
            )
        return Response(
            text=written.text, prompt_tokens=written.asked, completion_tokens=written.tokens
        )

    def _together(self, rows: Sequence[_Row]) -> Sequence[_Written]:
        import torch

        longest = max(len(row.ids) for row in rows)
        pad = self._config.pad_token_id
        ids = [[*[pad] * (longest - len(row.ids)), *row.ids] for row in rows]
        mask = [[0] * (longest - len(row.ids)) + [1] * len(row.ids) for row in rows]
        limits = [self._limit(row) for row in rows]
        config = copy.copy(self._config)
        config.max_new_tokens = max(limits)
        draws = [Draw.of(row.sampling, row.digest) for row in rows]
        try:
            with torch.inference_mode():
                said = self._local.model.generate(
                    input_ids=torch.tensor(ids, device=self._local.device),
                    attention_mask=torch.tensor(mask, device=self._local.device),
                    generation_config=config,
                    logits_processor=[EachByItself(draws)],
                    stopping_criteria=[UntilItsOwnEnd(limits, asked=longest)],
                )
        except RuntimeError as error:
            raise self._failed(error, len(rows)) from None
        return [
            self._read(list(tokens.tolist()[:limit]))
            for tokens, limit in zip(said[:, longest:], limits, strict=True)
        ]

    def _limit(self, row: _Row) -> int:
        return min(row.sampling.max_tokens, self._local.longest - len(row.ids))

    def _read(self, tokens: list[int]) -> _Written:
        ends = self._config.eos_token_id
        at = next((at for at, token in enumerate(tokens) if token in ends), None)
        text = self._local.tokenizer.decode(tokens[:at], skip_special_tokens=True)
        return _Written(
            text=str(text), tokens=len(tokens) if at is None else at + 1, cut=at is None
        )

    def _span(self, row: Told) -> Span:
        question = self._shown(row.messages)
        asked, whole = self._ids(question), self._ids(question + row.answer)
        same = next(
            (at for at, (a, b) in enumerate(zip(asked, whole, strict=False)) if a != b), len(asked)
        )
        return Span(ids=whole, start=min(same, len(whole) - 1))

    def _shown(
        self,
        messages: Sequence[Mapping[str, Json]],
        *,
        tools: Sequence[Mapping[str, Json]] = (),
        template: Mapping[str, Json] | None = None,
    ) -> str:
        import jinja2  # noqa: PLC0415 - comes with transformers, imported with it

        apply = cast("Callable[..., object]", self._local.tokenizer.apply_chat_template)
        try:
            shown = apply(
                [dict(message) for message in messages],
                tools=[dict(tool) for tool in tools] or None,
                add_generation_prompt=True,
                tokenize=False,
                **(template or {}),
            )
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            raise RequestRefused(
                f"the model {self._name} cannot be asked",
                why=f"its chat template refuses the conversation: {error}",
                fix="put the question in turns of user and assistant, or name another template",
            ) from None
        return str(shown)

    def _ids(self, text: str) -> tuple[int, ...]:
        told = self._local.tokenizer(text, add_special_tokens=False, verbose=False)
        return tuple(told["input_ids"])

    def _failed(self, error: RuntimeError, rows: int) -> EndpointError:
        return EndpointError(
            f"the model in {self._local.folder} cannot be run",
            why=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}",
            fix=f"lower `slots` ({rows} questions were asked at once), or use a larger machine",
        )


def _only_what_is_asked(local: LocalModel) -> "GenerationConfig":
    """Greedy, with the model's own ends and nothing else of what its folder suggests."""
    from transformers import GenerationConfig

    said = local.model.generation_config.eos_token_id
    ends = said if isinstance(said, list) else [] if said is None else [said]
    known = {*ends, local.tokenizer.eos_token_id}
    config = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False, eos_token_id=sorted(known), pad_token_id=local.tokenizer.pad_token_id
    )
    local.model.generation_config = config
    return config
