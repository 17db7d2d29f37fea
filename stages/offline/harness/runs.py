"""Runs of harnesses: each is kept, and never repeated."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never
from urllib.parse import unquote, urlsplit

from policies.benchmark_tasks import Harness, HarnessTask
from policies.canonical import Json, sha256_of
from policies.errors import Broken
from stages.engine.progress import Progress
from stages.engine.state import Entry, State
from stages.engine.subject import Subject
from stages.models.settings import EndpointSettings
from stages.offline.harness.environment import Command, Programs, run
from stages.offline.harness.files import source_file
from stages.offline.harness.kept_files import keep_files, restore_files
from stages.offline.harness.reading import read_results
from stages.offline.harness.results import HarnessResults, refused
from stages.offline.harness.run_inspect import inspect_command
from stages.offline.harness.run_lm_eval import lm_eval_command, lm_eval_reason

_STREAM = "harness/runs"
_BEGUN = "harness/begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Runs harnesses, and finds what they wrote again.

    A run's files lie in `harness/KEY` of the state's folder; where the state is no folder, in a
    stream of it for each time that the run was begun. A run counts once it was read whole and its
    digest is in the journal; what a killed or refused run left in a folder is removed when it is
    run again.

    Attributes:
        base: The policy's folder, which `task_path` starts from.
        state: Where runs are journaled, and under whose folder their files lie.
        progress: Where to show how far it is.
        programs: Where the harnesses are.
    """

    base: Path
    state: State
    progress: Progress
    programs: Programs

    def key(self, task: HarnessTask, subject: Subject) -> str:
        """Digest of what makes a run another one: checkpoint, task, its files and the harness.

        Raises:
            WrongUsage: When the harness is not installed.
            ResultsRefused: When `task_path` is not there.
        """
        asked = task.model_dump(mode="json", include={"harness", "task", "api", "tokenizer"})
        return sha256_of(
            {
                **asked,
                "files": self._task_files(task),
                "checkpoint": subject.digest,
                "version": self.programs.version(task.harness),
            }
        )

    def kept(self, key: str, task: HarnessTask) -> HarnessResults | None:
        """The results of a run that was made before; None where there was none.

        Raises:
            ResultsRefused: When the files are not those that the run wrote.
        """
        entries = [entry for entry in self.state.read(_STREAM) if entry.get("key") == key]
        if not entries:
            return None
        with self._kept_files(key, entries[0]) as folder:
            results = read_results(folder / "results", task)
        if results.origin != entries[0].get("origin"):
            raise refused(
                task,
                f"the files in {folder} are not those that the run wrote",
                fix="restore them from a backup; a measurement is never replaced",
            )
        return results

    def begun(self, key: str) -> int:
        """How often a run was begun, whatever became of it: each was paid for."""
        return sum(entry.get("key") == key for entry in self.state.read(_BEGUN))

    def make(self, key: str, task: HarnessTask, settings: EndpointSettings) -> HarnessResults:
        """Runs a task to its end, reads it whole, and journals that it counts.

        Raises:
            ResultsRefused: When the harness fails, or its results are refused.
            Broken: When another process is running it, or the disk refuses.
        """
        with self.state.lock(f"harness/{key}"), self._own_folder(key) as folder:
            command = self._command(task, settings, folder)
            self.state.append(_BEGUN, [{"key": key}])
            ended = run(command, self.progress)
            if ended.status:
                reason = lm_eval_reason(ended) or ended.reason
                raise refused(task, f"it ended with status {ended.status}: {reason}")
            results = read_results(folder / "results", task)
            entry: dict[str, Json] = {"key": key, "origin": results.origin}
            if self._folder(key) is None:
                entry["files"] = f"harness/files/{key}/{self.begun(key)}"
                keep_files(folder, self.state, str(entry["files"]))
            self.state.append(_STREAM, [entry])
        return results

    def _command(self, task: HarnessTask, settings: EndpointSettings, folder: Path) -> Command:
        match task.harness:
            case Harness.LM_EVAL:
                call = lm_eval_command
            case Harness.INSPECT:
                call = inspect_command
            case Harness.HELM | Harness.GARAK | Harness.PROMPTFOO:
                raise ValueError(f"{task.harness} is read, never run")
            case _:
                assert_never(task.harness)
        return call(self.programs, task, settings, base=self.base, folder=folder)

    @contextmanager
    def _own_folder(self, key: str) -> Iterator[Path]:
        """An empty folder for a run; one that nothing outlives where the state is no folder."""
        folder = self._folder(key)
        if folder is None:
            with TemporaryDirectory(prefix="gate-harness-") as scratch:
                yield Path(scratch)
            return
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        except OSError as error:
            raise Broken(
                f"cannot write {folder}",
                why=error.strerror or str(error),
                fix="free space or mend the permissions of the folder",
            ) from error
        yield folder

    @contextmanager
    def _kept_files(self, key: str, entry: Entry) -> Iterator[Path]:
        """The files that a run wrote, wherever it was run."""
        folder = self._folder(key)
        if folder is not None:
            yield folder
            return
        with TemporaryDirectory(prefix="gate-harness-") as scratch:
            restore_files(Path(scratch), self.state, str(entry.get("files")))
            yield Path(scratch)

    def _folder(self, key: str) -> Path | None:
        """Where a run's files lie in a state that is a folder; None in another."""
        parts = urlsplit(self.state.url)
        if parts.scheme != "file":
            return None
        return Path(unquote(parts.path)) / "harness" / key

    def _task_files(self, task: HarnessTask) -> Mapping[str, Json]:
        """Digest of every file that `task_path` names, by its path below it."""
        if task.task_path is None:
            return {}
        path = self.base / task.task_path
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        if not files:
            raise refused(task, f"there is nothing at {path}", fix="correct `task_path`")
        return {
            file.relative_to(path).as_posix(): source_file(file).sha256
            for file in files
            if "__pycache__" not in file.parts
        }
