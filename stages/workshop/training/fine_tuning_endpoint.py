"""Training behind an endpoint that offers OpenAI's fine-tuning API."""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from policies.canonical import Json, sha256_of
from policies.errors import Broken, InputError
from stages.engine.state import State, foreign_entry
from stages.models.client import ModelError
from stages.models.tuning_endpoint import Job, JobStatus, TuningEndpoint
from stages.workshop.training.data import Messages, Preferred, Taught, digest_of_rows
from stages.workshop.training.settings import Base, Training
from stages.workshop.training.trainer import Trained
from stages.workshop.training.trl_rows import Rows

_TAKEN = frozenset(
    {"epochs", "batch", "beta", "seed", "learning_rate", "max_length", "checkpoint_every"}
)
"""Settings that may be written for an endpoint; the last three are its own business."""

_POLL_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What is ordered of the endpoint; its digest is that of the job."""

    rows: Rows
    model: str
    method: Literal["supervised", "dpo"]
    hyperparameters: Mapping[str, Json]
    seed: int
    digest: str


class FineTuningEndpoint:
    """Trains at an OpenAI-compatible endpoint: uploads rows, makes a job, waits for it.

    The job's id is journaled as soon as it is known: a run that was killed waits for the same job,
    and never pays for a second one. A job that failed is made anew by the next call.

    The endpoint sees `epochs` (whole), `batch`, `seed` and, for preferences, `beta`; its learning
    rate is its own, which OpenAI lets nobody set but as a multiple. Nothing is put into the folder
    `to`: the model stays there, under a name.

    Args:
        endpoint: Where.
        state: Where the job is journaled.
        poll_seconds: How long to wait before asking again how far it is.
        sleep: Waits.
    """

    def __init__(
        self,
        endpoint: TuningEndpoint,
        state: State,
        *,
        poll_seconds: float = _POLL_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._endpoint = endpoint
        self._state = state
        self._poll_seconds = poll_seconds
        self._sleep = sleep

    def sft(self, rows: Sequence[Taught], base: Base, settings: Training, to: Path) -> Trained:
        """As `Trainer.sft` says; `base.where` is a model's name at the endpoint."""
        del to
        return self._trained(self._order(rows, base, settings, "supervised"))

    def dpo(self, rows: Sequence[Preferred], base: Base, settings: Training, to: Path) -> Trained:
        """As `Trainer.dpo` says; `base.where` is a model's name at the endpoint."""
        del to
        return self._trained(self._order(rows, base, settings, "dpo"))

    def begin(self, rows: Sequence[Taught], base: Base, settings: Training) -> None:
        """Has a supervised training begun, so that it runs while another one is waited for.

        A job that could not be made is left to `sft`, which makes it or says why not.

        Raises:
            InputError: When rows or base cannot be used.
            Broken: When the journal cannot be used.
        """
        order = self._order(rows, base, settings, "supervised")
        stream = _stream(order)
        with self._state.lock(stream), suppress(ModelError):
            if not self._known(stream):
                self._made(order, stream)

    def _order(
        self, rows: Rows, base: Base, settings: Training, method: Literal["supervised", "dpo"]
    ) -> _Order:
        if not rows:
            raise _refused(base, "there is no row to learn from")
        check_tellable(base, settings)
        sent: dict[str, Json] = {"n_epochs": int(settings.epochs), "batch_size": settings.batch}
        if method == "dpo":
            sent["beta"] = settings.beta
        return _Order(
            rows=rows,
            model=base.where,
            method=method,
            hyperparameters=sent,
            seed=settings.seed,
            digest=sha256_of(
                {
                    "at": self._endpoint.base_url,
                    "model": base.where,
                    "method": method,
                    "rows": digest_of_rows(rows),
                    "hyperparameters": sent,
                    "seed": settings.seed,
                }
            ),
        )

    def _trained(self, order: _Order) -> Trained:
        stream = _stream(order)
        with self._state.lock(stream):
            known = self._known(stream)
            job = self._endpoint.get(known) if known else self._made(order, stream)
            while not job.status.in_vain and job.status is not JobStatus.SUCCEEDED:
                self._sleep(self._poll_seconds)
                job = self._endpoint.get(job.id)
            if job.status.in_vain:
                self._state.append(stream, [{"kind": "in vain", "job": job.id}])
                raise _in_vain(job)
        rows = len(order.rows)
        epochs, batch = order.hyperparameters["n_epochs"], order.hyperparameters["batch_size"]
        assert isinstance(epochs, int), "as ordered"
        assert isinstance(batch, int), "as ordered"
        return Trained(
            folder=None,
            model=job.model,
            sha256=sha256_of({"order": order.digest, "model": job.model}),
            steps=epochs * math.ceil(rows / batch),
            loss=None,
            seconds=job.seconds,
            gpu_minutes=None,
        )

    def _known(self, stream: str) -> str:
        """Id of the job that was made and did not end in vain; empty when there is none."""
        known = ""
        for entry in self._state.read(stream):
            match entry:
                case {"kind": "made", "job": str(job)}:
                    known = job
                case {"kind": "in vain"}:
                    known = ""
                case _:
                    raise foreign_entry("a fine-tuning job", stream=stream, state=self._state)
        return known

    def _made(self, order: _Order, stream: str) -> Job:
        """The job: one that was made and never journaled, else a new one."""
        job = self._endpoint.find(order.digest)
        if job is None:
            name = f"gate-{order.digest[:12]}.jsonl"
            job = self._endpoint.create(
                self._endpoint.upload(_lines(order.rows), name=name),
                model=order.model,
                method=order.method,
                hyperparameters=order.hyperparameters,
                seed=order.seed,
                digest=order.digest,
            )
        self._state.append(stream, [{"kind": "made", "job": job.id}])
        return job


def check_tellable(base: Base, settings: Training) -> None:
    """Returns when an endpoint can be told how to train a model.

    Raises:
        InputError: When the settings are of trainings on this machine.
    """
    strange = sorted(set(settings.said()) - _TAKEN)
    local = [name for name in ("revision", "sha256", "chat_template") if getattr(base, name)]
    why = (
        f"an endpoint cannot be told `{strange[0]}`"
        if strange
        else f"`{local[0]}` is of a model in a folder"
        if local
        else "an endpoint counts whole `epochs`"
        if settings.epochs != int(settings.epochs)
        else ""
    )
    if why:
        raise _refused(base, why)


def _refused(base: Base, why: str) -> InputError:
    return InputError(
        f"cannot train {base.where} behind an endpoint",
        why=why,
        fix="mend the recipe, or train a model in a folder",
    )


def _stream(order: _Order) -> str:
    return f"workshop/tuning/{order.digest[:32]}"


def _lines(rows: Rows) -> bytes:
    return "".join(json.dumps(_line(row), ensure_ascii=False) + "\n" for row in rows).encode()


def _line(row: Taught | Preferred) -> Mapping[str, Json]:
    if isinstance(row, Taught):
        return {"messages": [*_unweighted(row.messages), _said(row.answer)]}
    return {
        "input": {"messages": list(row.messages)},
        "preferred_output": [_said(row.chosen)],
        "non_preferred_output": [_said(row.rejected)],
    }


def _unweighted(messages: Messages) -> list[Mapping[str, Json]]:
    """The question; what the model said in it before is not to be learnt."""
    return [
        {**message, "weight": 0} if message.get("role") == "assistant" else message
        for message in messages
    ]


def _said(answer: str) -> Mapping[str, Json]:
    return {"role": "assistant", "content": answer}


def _in_vain(job: Job) -> Broken:
    return Broken(
        f"the fine-tuning job {job.id} {job.status}",
        why=job.why or "its provider does not say why",
        fix="look at it in the provider's console; the same command makes a new one",
    )
