"""Recorded checkpoints and prompts for comparisons."""

import json
from collections.abc import Mapping
from pathlib import Path

from policies.side_by_side import SideBySidePlan
from stages.engine.checkpoints import Checkpoints
from stages.engine.folder_state import FolderState
from stages.engine.progress import Silent
from stages.engine.subject import Subject
from stages.models.openai_compatible import OpenAICompatible
from stages.models.recorded import Recorded, RecordedFormat
from stages.models.settings import EndpointSettings
from stages.side_by_side.answering import Answering


def recorded(name: str, answers: Mapping[str, str], *, digest: str | None = None) -> Subject:
    """A checkpoint whose answers to prompts, by id, are known; `known_as` is its name."""
    lines = [json.dumps({"id": item, "output": text}) for item, text in answers.items()]
    return Subject(
        uri=f"models:/chat/{name}",
        known_as=name,
        digest=digest or name.ljust(64, "0"),
        client=Recorded(
            "\n".join(lines).encode(), where=f"{name}.jsonl", form=RecordedFormat.JSONL
        ),
    )


def endpoint(url: str, version: str = "2") -> Subject:
    """A checkpoint behind an endpoint; versions may be served at one address."""
    client = OpenAICompatible(EndpointSettings(base_url=url, model="toy", retries=0))
    return Subject(
        uri=f"models:/chat/{version}",
        known_as=f"chat-{version}",
        digest=version * 64,
        client=client,
    )


def write_prompts(folder: Path, *names: str, **fields: object) -> None:
    """Prompts as `items.jsonl`."""
    items = [{"id": name, "prompt": f"Tell me of {name}."} | fields for name in names]
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))


def plan_of(**fields: object) -> SideBySidePlan:
    """A plan over `items.jsonl`."""
    asked = {"data": "items.jsonl", "votes_at_most": 2} | fields
    return SideBySidePlan.model_validate(asked, strict=False)


def answering(folder: Path, plan: SideBySidePlan) -> Answering:
    """Asks with a journal in the folder."""
    state = FolderState(folder / "state")
    return Answering(plan=plan, checkpoints=Checkpoints(state=state, progress=Silent()))
