"""Whether an endpoint holds its replies to a JSON schema."""

from policies.canonical import sha256_of
from policies.task import Sampling
from stages.engine.answering import AnswerLog
from stages.engine.threads import Failed
from stages.evidence.items import Item
from stages.judges.verdict import Form
from stages.models.client import EndpointError, ModelClient, ModelError, Request, RequestRefused

_PROBE = Request(
    item=Item(
        id="probe",
        messages=(
            {
                "role": "user",
                "content": 'Reply with {"case": "0", "reasoning": "none", "verdict": "yes"}',
            },
        ),
        cluster="probe",
    ),
    sampling=Sampling(temperature=0.0, max_tokens=256, seed=0),
    response_format=Form(name="probe", key="verdict", choices=("yes", "no")).response_format,
)


def takes_schema(client: ModelClient, log: AnswerLog) -> bool | Failed:
    """Whether requests may carry a JSON schema, found out once with a pinned question.

    The finding is journaled and holds for every later question to this endpoint: candidate and
    baseline are judged alike. Servers that take a schema and ignore it are told nothing more by
    one, so they need not be known.

    Args:
        client: The judge.
        log: Where its verdicts are journaled.

    Returns:
        False when the endpoint refuses the schema; `Failed` when it does not work at all.

    Raises:
        Broken: When the journal cannot be read or written.
    """
    by = sha256_of(dict(client.identity))
    known = _known(log, by)
    if known is not None:
        return known
    try:
        client.answer(_PROBE)
        taken = True
    except EndpointError as error:
        return Failed(error.in_short, unreached=True)
    except RequestRefused:
        taken = False
    except ModelError:
        taken = True  # it replied, if not with an answer
    log.state.append(log.stream, [{"kind": "schema", "by": by, "taken": taken}])
    return taken


def _known(log: AnswerLog, by: str) -> bool | None:
    found = (
        entry.get("taken") is True
        for entry in log.state.read(log.stream)
        if entry.get("kind") == "schema" and entry.get("by") == by
    )
    return next(found, None)
