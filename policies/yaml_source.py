"""YAML as people should write it, read into JSON values that remember their lines.

Less than YAML allows: one document, text keys, no anchors, aliases, merge keys or tags, and no
scalar that two YAML versions read differently (`yes`, `010`, `1:30`, `1e-3`, bare dates).
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from policies.canonical import Json
from policies.problems import Path, Problem, nearest_line

DEEPEST = 20
"""Levels of nesting; a policy has eight."""

LONGEST = 1_000_000
"""Characters of a file; a policy has a few thousand."""

_TAG = "tag:yaml.org,2002:"
_PLACEHOLDER = "{version}"
"""A mapping, as YAML reads it inside another in braces."""

_SPELT_OUT = 1e15
"""Numbers from here on nobody reads when they are spelt out."""

_PLAIN_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,14})")
_PLAIN_FLOAT = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+]?[0-9]+)?|[-+]?\.[0-9]+")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_EXPECTED = {
    "int": "a whole number in plain decimals",
    "float": "a finite number in plain decimals",
    "bool": "`true` or `false`",
}
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a file says, and where.

    Attributes:
        value: The document as a JSON value; `None` where something was refused.
        lines: Line of every value, from 1, by its path (of its key, where it has one).
        problems: What was refused.
    """

    value: Json
    lines: Mapping[Path, int]
    problems: tuple[Problem, ...]

    def line(self, at: Path) -> int:
        """Line of the value at a path, or of the nearest value above it."""
        return nearest_line(self.lines, at)


def read_yaml(text: str) -> Source:
    """Reads one YAML document; whatever is wrong is in `problems`."""
    early = _unreadable(text)
    if early is not None:
        return _refused(early)
    try:
        composer = _Composer(text)
        node = composer.get_single_node()
    except yaml.MarkedYAMLError as error:
        return _refused(_syntax(text, error))
    except yaml.reader.ReaderError as error:
        return _refused(_character(text, error))
    except (ValueError, OverflowError) as error:
        return _refused(_escape(error))
    if node is None:
        return _refused(Problem(at=(), found="an empty file", expected="keys and values"))
    walk = _Walk(oddities=composer.oddities)
    value = walk.value(node, ())
    return Source(value=value, lines=walk.lines, problems=tuple(walk.problems))


def _refused(problem: Problem) -> Source:
    return Source(value=None, lines={}, problems=(problem,))


def _unreadable(text: str) -> Problem | None:
    if text.startswith("\ufeff"):
        return Problem(
            at=(),
            found="a byte-order mark",
            expected="plain UTF-8",
            fix="save the file as UTF-8 without a byte-order mark",
            line=1,
        )
    if len(text) > LONGEST:
        return Problem(
            at=(), found=f"{len(text):,} characters", expected=f"at most {LONGEST:,}", line=1
        )
    return None


def _syntax(text: str, error: yaml.MarkedYAMLError) -> Problem:
    said = error.problem or ""
    opened = error.context_mark if "stream end" in said else None  # name the bracket left open
    mark = opened or error.problem_mark
    assert mark is not None, "PyYAML marks what it cannot read"
    fix = "check indentation, brackets and quotes"
    if _PLACEHOLDER in text:
        fix += f'; a text with {_PLACEHOLDER} stands in quotes: "../results/{_PLACEHOLDER}"'
    if "\\t" in said:
        fix = "indent with spaces, not tabs"
    if "another document" in said:
        fix = "keep one document a file; remove the line `---` and what follows"
    return Problem(
        at=(),
        found=f"broken YAML ({said})",
        expected="one YAML document",
        fix=fix,
        line=mark.line + 1,
    )


def _character(text: str, error: yaml.reader.ReaderError) -> Problem:
    return Problem(
        at=(),
        found=f"the character U+{ord(text[error.position]):04X}",
        expected="text that can be printed",
        fix="remove it",
        line=text.count("\n", 0, error.position) + 1,
    )


def _escape(error: Exception) -> Problem:
    return Problem(at=(), found=f"an escape that is no character ({error})", expected="text")


class _Composer(yaml.SafeLoader):
    """Composes nodes; notes anchors, aliases and tags instead of following them."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.oddities: dict[int, str] = {}
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """The next node; an alias becomes a placeholder that no reader takes for a value."""
        event: yaml.NodeEvent = self.peek_event()  # type: ignore[no-untyped-call]
        odd, mark = _oddity(event), event.start_mark
        assert isinstance(mark, yaml.Mark)
        if isinstance(event, yaml.AliasEvent):
            self.get_event()  # type: ignore[no-untyped-call]
            node: yaml.Node | None = yaml.ScalarNode(_TAG + "null", "", mark, None)
        else:
            event.anchor = None
            node = self._compose_inside(mark, parent, index)
        if odd is not None:
            self.oddities[id(node)] = odd
        return node

    def _compose_inside(
        self, mark: yaml.Mark, parent: yaml.Node | None, index: int
    ) -> yaml.Node | None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise yaml.MarkedYAMLError(
                problem=f"more than {DEEPEST} levels of nesting", problem_mark=mark
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _oddity(event: yaml.NodeEvent) -> str | None:
    """What an event has that a policy must not have."""
    if isinstance(event, yaml.AliasEvent):
        return f"the alias `*{event.anchor}`"
    if event.anchor is not None:
        return f"the anchor `&{event.anchor}`"
    tag = getattr(event, "tag", None)
    return None if tag is None else f"the tag `{tag}`"


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Turns nodes into JSON values, collecting lines and problems."""

    oddities: Mapping[int, str]
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def value(self, node: yaml.Node, at: Path) -> Json:
        """The node's value; `None` when it was refused."""
        self.lines.setdefault(at, node.start_mark.line + 1)
        odd = self.oddities.get(id(node))
        if odd is not None:
            self._refuse(at, odd, "a plain value", "write the value out where it is needed")
            return None
        match node:
            case yaml.MappingNode():
                return dict(self._entries(node, at))
            case yaml.SequenceNode():
                return [self.value(child, (*at, i)) for i, child in enumerate(node.value)]
            case _:
                return self._scalar(node, at)

    def _entries(self, node: yaml.MappingNode, at: Path) -> Iterator[tuple[str, Json]]:
        seen: dict[str, int] = {}
        for key, child in node.value:
            line = key.start_mark.line + 1
            name = self._key(key, at)
            if name is None:
                continue
            if name in seen:
                self.problems.append(
                    Problem(
                        at=(*at, name),
                        found=f"the key `{name}` a second time",
                        expected=f"each key once (first on line {seen[name]})",
                        fix="remove one of them",
                        line=line,
                    )
                )
                continue
            seen[name] = self.lines[(*at, name)] = line
            yield name, self.value(child, (*at, name))

    def _key(self, key: yaml.Node, at: Path) -> str | None:
        text = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
        printable = not _UNPRINTABLE.search(text)
        if key.tag == _TAG + "str" and printable and id(key) not in self.oddities:
            return str(text)
        shown = text if printable else json.dumps(text)
        fix = "write the keys of the other mapping out" if key.tag == _TAG + "merge" else ""
        self.problems.append(
            Problem(
                at=at,
                found=self.oddities.get(id(key), f"the key `{shown}`"),
                expected="a key that is text",
                fix=fix or f'if it is meant, write "{shown}" in quotes',
                line=key.start_mark.line + 1,
            )
        )
        return None

    def _scalar(self, node: yaml.Node, at: Path) -> Json:
        text: str = node.value
        kind = node.tag.removeprefix(_TAG)
        plain = isinstance(node, yaml.ScalarNode) and node.style is None
        match kind:
            case "str" if not (_UNPRINTABLE.search(text) or (plain and _NUMBER.fullmatch(text))):
                return text
            case "int" if _PLAIN_INT.fullmatch(text):
                return int(text)
            case "float" if _PLAIN_FLOAT.fullmatch(text) and math.isfinite(float(text)):
                return float(text)
            case "bool" if text.lower() in ("true", "false"):
                return text.lower() == "true"
            case "null" if text:
                return None
            case _:
                self._refuse(at, *_refused_scalar(kind, text, at))
                return None

    def _refuse(self, at: Path, found: str, expected: str, fix: str) -> None:
        self.problems.append(
            Problem(at=at, found=found, expected=expected, fix=fix, line=self.lines[at])
        )


def _refused_scalar(kind: str, text: str, at: Path) -> tuple[str, str, str]:
    """What is found, expected and to be done about a scalar that is not read."""
    if kind == "null":
        settings = " (`better: {}` has no settings)" if at[-1:] == ("better",) else ""
        return "no value", "a value", f"remove `{at[-1] if at else 'it'}` or say it{settings}"
    if kind == "str" and _UNPRINTABLE.search(text):
        return json.dumps(text), "text without control characters", "remove them"
    if kind == "str":
        number = float(text.replace("_", ""))
        decimal = f"{number:.12f}".rstrip("0").rstrip(".")
        same = abs(number) < _SPELT_OUT and float(decimal) == number
        fix = f"write {decimal}" if same else "write the number meant in plain decimals"
        return f"`{text}`, which YAML reads as text", "a number", fix
    expected = _EXPECTED.get(kind, "text")
    return f"`{text}`", expected, f'or, if text is meant, write "{text}" in quotes'
