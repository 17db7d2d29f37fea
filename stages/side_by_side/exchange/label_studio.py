"""Label Studio: a task per pair and annotator, its labelling configuration, its JSON export."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from policies.canonical import Json
from policies.errors import InputError
from stages.side_by_side.exchange.incoming import Imported, RefusedLine, Said, taken_in
from stages.side_by_side.exchange.shown import Shown, content_digest
from stages.side_by_side.formats.rows import Row, json_rows, place_of
from stages.side_by_side.formats.writing import json_list_of
from stages.side_by_side.preference import Preference

BETTER, STRENGTH, NEITHER, COMMENT = "better", "strength", "neither", "comment"
"""Names of the controls."""

LABELLING_CONFIG = """<View>
  <Style>
    .gate-text { white-space: pre-wrap; overflow-wrap: anywhere; }
    .gate-answers { display: flex; flex-wrap: wrap; gap: 1.5em; }
    .gate-answer { flex: 1 1 20em; min-width: 0; }
  </Style>
  <Header value="Conversation" size="4"/>
  <View className="gate-text"><Text name="prompt" value="$prompt"/></View>
  <Header value="Which answer is better? Click it." size="4"/>
  <Pairwise name="better" toName="answer1,answer2"/>
  <View className="gate-answers">
    <View className="gate-answer">
      <Header value="Answer 1" size="5"/>
      <View className="gate-text"><Text name="answer1" value="$answer1"/></View>
    </View>
    <View className="gate-answer">
      <Header value="Answer 2" size="5"/>
      <View className="gate-text"><Text name="answer2" value="$answer2"/></View>
    </View>
  </View>
  <Header value="If one is better: how much?" size="5"/>
  <Choices name="strength" toName="prompt" choice="single-radio" showInline="true">
    <Choice value="better" hotkey="b"/>
    <Choice value="much better" hotkey="m"/>
  </Choices>
  <Header value="If neither is better" size="5"/>
  <Choices name="neither" toName="prompt" choice="single-radio" showInline="true">
    <Choice value="tie" hotkey="t"/>
    <Choice value="both bad" hotkey="0"/>
  </Choices>
  <TextArea name="comment" toName="prompt" rows="2" maxSubmissions="1" placeholder="Comment"/>
</View>
"""
"""How a task is shown: `<Text>`, so that no HTML of a model is, and every control optional."""

SIDES: Mapping[str, Mapping[str, Preference]] = {
    "left": {"better": Preference.A_BETTER, "much better": Preference.A_MUCH_BETTER},
    "right": {"better": Preference.B_BETTER, "much better": Preference.B_MUCH_BETTER},
}
LONGEST_SECONDS = 1e9
"""Nobody looks at a task for thirty years."""
NEITHERS: Mapping[str, Preference] = {"tie": Preference.TIE, "both bad": Preference.BOTH_BAD}

_NAME_THEM = "say who they are with --map NAME=ID, once for each, as in --map ann=1"
_FIX = "export the project as JSON, all tasks of it, and import the file as it is"


def export_tasks(tasks: Iterable[Shown], *, guidelines: int) -> bytes:
    """Tasks to import into Label Studio, a JSON list.

    Its free edition gives each task one annotation, and cannot keep a task for one person: make a
    project an annotator, or have each filter by `annotator`.

    Args:
        tasks: The tasks, in the order to be shown.
        guidelines: Version of the guidelines that go with them.
    """
    return json_list_of({"data": _data(task, guidelines)} for task in tasks)


def read_export(
    data: bytes,
    tasks: Iterable[Shown],
    *,
    people: Mapping[str, str],
    known: Mapping[str, Preference],
    where: str,
    corrects: bool = False,
) -> Imported:
    """What the JSON export of a project says of tasks: all of it, or what is refused.

    A task without annotation is open; one that was skipped (`was_cancelled`) is unresolved. Refused
    are a task that is unknown or stands twice, texts that were changed, an annotation by somebody
    else, marked as ground truth or beside another one, and one that prefers nothing or too much.
    Places are named by Label Studio's numbers of tasks and annotations too: its exports are one
    line.

    Args:
        data: The file's bytes.
        tasks: The tasks that were handed out.
        people: Annotator by Label Studio's id of a user, or by their e-mail address.
        known: What was taken in before; see `known_preferences`.
        where: The file's name, for errors.
        corrects: Whether every verdict that differs from what is known is meant to correct it.

    Raises:
        InputError: When the file is no JSON list.
    """
    handed_out = {task.id: task for task in tasks}
    said: list[Said] = []
    refused: list[RefusedLine] = []
    strangers: dict[str, None] = {}
    misnamed: dict[str, None] = {}
    everybody = {task.annotator for task in handed_out.values()}
    seen: set[str] = set()
    for number, entry in enumerate(json_rows(data, where=where, fix=_FIX), start=1):
        try:
            row = _numbered(entry, number)
            task = _task(row, handed_out)
            if task.id in seen:
                raise row.refused(f"task {task.id} stands twice")
            seen.add(task.id)
            annotation = _annotation(row, task)
            if annotation is None:
                continue
            stranger = _stranger(annotation, people)
            if stranger is not None:
                strangers[stranger] = None
            elif names := _called(annotation, people) - everybody:
                misnamed |= dict.fromkeys(sorted(names))
            else:
                said.append(_said(annotation, row, task, people))
        except InputError as error:
            refused.append(RefusedLine(place_of(error), error.why))
    unknown = [*_unknown(strangers, where), *_misnamed(misnamed, everybody, where)]
    return taken_in(said, [*unknown, *refused], known, corrects=corrects)


def _data(task: Shown, guidelines: int) -> Mapping[str, Json]:
    return {
        "prompt": task.conversation,
        "answer1": task.answer_1,
        "answer2": task.answer_2,
        "task": task.id,
        "annotator": task.annotator,
        "guidelines": guidelines,
        "digest": task.digest,
    }


def _numbered(entry: Row | InputError, number: int) -> Row:
    """An entry whose place says Label Studio's number of the task, or its own from 1."""
    if isinstance(entry, InputError):
        raise InputError(f"{entry.message}, entry {number}", why=entry.why, fix=entry.fix)
    name = _number(entry)
    said = f"entry {number}" if name is None else f"task {name}"
    return replace(entry, where=f"{entry.where}, {said}")


def _task(row: Row, handed_out: Mapping[str, Shown]) -> Shown:
    data = row.inside("data", row.fields.get("data"))
    name = data.text("task")
    task = handed_out.get(name)
    if task is None:
        raise row.refused(f"task {name} was not handed out from this batch")
    texts = [data.maybe_text(field) or "" for field in ("prompt", "answer1", "answer2")]
    if content_digest(*texts) != task.digest or data.fields.get("digest") != task.digest:
        raise row.refused(f"the text of task {name} was changed")
    if data.fields.get("annotator") != task.annotator:
        raise row.refused(f"the annotator of task {name} was changed")
    return task


def _annotation(row: Row, task: Shown) -> Row | None:
    """The one annotation of a task; None while it is open."""
    annotations = row.fields.get("annotations")
    if not isinstance(annotations, list):
        raise row.refused("`annotations` must be a list")
    if not annotations:
        return None
    if len(annotations) > 1:
        raise row.refused(f"task {task.id} has {len(annotations)} annotations, not one")
    annotation = row.inside("annotations", annotations[0])
    name = _number(annotation)
    return replace(annotation, where=f"{row.where}, annotation {name}") if name else annotation


def _said(annotation: Row, row: Row, task: Shown, people: Mapping[str, str]) -> Said:
    if annotation.fields.get("ground_truth"):
        raise annotation.refused(
            f"the annotation of task {task.id} is marked as ground truth: no vote"
        )
    _check_person(annotation, task, people)
    cancelled = annotation.fields.get("was_cancelled", False)
    if not isinstance(cancelled, bool):
        raise annotation.refused("`was_cancelled` must be true or false")
    controls = _controls(annotation)
    return Said(
        task=task,
        preference=Preference.UNRESOLVED if cancelled else _preference(annotation, controls),
        seconds=_seconds(annotation),
        comment=" ".join(controls.get(COMMENT, ())),
        guidelines=_guidelines(row.inside("data", row.fields.get("data"))),
        at=_at(annotation),
        where=annotation.where,
    )


def _check_person(annotation: Row, task: Shown, people: Mapping[str, str]) -> None:
    """Whoever annotated must be whose task it is."""
    found = _called(annotation, people)
    if found != {task.annotator}:
        raise annotation.refused(
            f"task {task.id} is for `{task.annotator}`, and was annotated by "
            f"{', '.join(f'`{name}`' for name in sorted(found))}"
        )


def _stranger(annotation: Row, people: Mapping[str, str]) -> str | None:
    """Who annotated, as Label Studio calls them, where that is nobody who is known."""
    users = _users(annotation)
    if not users:
        raise annotation.refused("`completed_by` does not say who annotated")
    return None if people.keys() & users else " or ".join(users)


def _unknown(strangers: Collection[str], where: str) -> Iterator[RefusedLine]:
    """All the people who are not known, once."""
    if strangers:
        why = f"it is not known which annotators users {', '.join(strangers)} of Label Studio are"
        yield RefusedLine(where, why, fix=_NAME_THEM)


def _misnamed(
    names: Collection[str], everybody: Collection[str], where: str
) -> Iterator[RefusedLine]:
    """All the names of nobody in the batch, once."""
    if names:
        who = ", ".join(f"`{name}`" for name in names)
        why = f"--map names {who}, and those in the batch are {', '.join(sorted(everybody))}"
        yield RefusedLine(where, why, fix="correct the name in --map")


def _called(annotation: Row, people: Mapping[str, str]) -> set[str]:
    """Whoever annotated, by their names in the batch."""
    return {people[name] for name in _users(annotation) if name in people}


def _users(annotation: Row) -> Sequence[str]:
    """Who annotated: their id, their address, or both."""
    by = annotation.fields.get("completed_by")
    names = [by.get("id"), by.get("email")] if isinstance(by, Mapping) else [by]
    return [str(name) for name in names if name is not None]


def _number(row: Row) -> str | None:
    """Label Studio's number of a task or an annotation, where it is one."""
    number = row.fields.get("id")
    return str(number) if isinstance(number, int) and not isinstance(number, bool) else None


def _controls(annotation: Row) -> Mapping[str, Sequence[str]]:
    """What was chosen or written in each control."""
    result = annotation.fields.get("result")
    if not isinstance(result, list):
        raise annotation.refused("`result` must be a list")
    found: dict[str, Sequence[str]] = {}
    for entry in result:
        part = annotation.inside("result", entry)
        name = part.text("from_name")
        value = part.inside("value", part.fields.get("value")).fields
        if name in found:
            raise annotation.refused(f"`{name}` stands twice in `result`")
        found[name] = _texts(
            annotation, value.get("selected", value.get("choices", value.get("text")))
        )
    return found


def _texts(annotation: Row, value: Json) -> Sequence[str]:
    values = value if isinstance(value, list) else [value]
    texts = [text for text in values if isinstance(text, str)]
    if len(texts) < len(values):
        raise annotation.refused("a control has neither a choice nor a text")
    return texts


def _preference(annotation: Row, controls: Mapping[str, Sequence[str]]) -> Preference:
    sides, neither = controls.get(BETTER, ()), controls.get(NEITHER, ())
    strength = controls.get(STRENGTH, ())
    match sides, neither, strength:
        case [str(side)], [], ([] | [str()]) if side in SIDES:
            named = SIDES[side].get(strength[0] if strength else "better")
            if named is not None:
                return named
        case [], [str(word)], [] if word in NEITHERS:
            return NEITHERS[word]
    chosen = ", ".join([*sides, *strength, *neither]) or "nothing"
    raise annotation.refused(
        f"it says {chosen}: choose an answer, and perhaps how much better it is, or tie or both bad"
    )


def _seconds(annotation: Row) -> float | None:
    seconds = annotation.fields.get("lead_time")
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise annotation.refused("`lead_time` must be a number of seconds")
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise annotation.refused("`lead_time` must be a number of seconds")
    return float(seconds)


def _at(annotation: Row) -> str:
    at = annotation.text("updated_at")
    try:
        datetime.fromisoformat(at)
    except ValueError:
        raise annotation.refused(f"`updated_at` is {at!r}, no ISO 8601 time") from None
    return at


def _guidelines(data: Row) -> int:
    version = data.fields.get("guidelines")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise data.refused("`guidelines` must be the version that was handed out")
    return version
