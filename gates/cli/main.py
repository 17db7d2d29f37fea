"""The command `gate`: a table of commands, each imported only when it is called."""

import gc
import sys
from collections.abc import Sequence

import click

from gates.cli.frame import framed
from gates.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "demo": Entry("gates.cli.demo", "The whole funnel on bundled data, in about a minute."),
    "init": Entry("gates.cli.init", "A new workspace: settings, a first policy, sample data."),
    "doctor": Entry("gates.cli.doctor", "Is everything reachable; what is missing, how to mend."),
    "config": Entry("gates.cli.config", "Every setting and where it came from."),
    "register": Entry("gates.cli.register", "A checkpoint as a candidate."),
    "adopt": Entry("gates.cli.adopt", "The version already in production as the baseline."),
    "policy": Entry("gates.cli.policy", "Check, explain, compare and replay policies."),
    "forecast": Entry("gates.cli.forecast", "What a round would cost; nothing is called."),
    "run": Entry("gates.cli.run", "Move candidates as far as their evidence allows."),
    "status": Entry("gates.cli.status", "Where every version stands, and whose move it is."),
    "explain": Entry("gates.cli.explain", "Why, in sentences, and what it would take to pass."),
    "promote": Entry("gates.cli.promote", "Judge again what was signed, then move the alias."),
    "rollback": Entry("gates.cli.rollback", "Back to the last version known to be good."),
    "approve": Entry("gates.cli.approve", "A person other than the author agrees to a decision."),
    "override": Entry("gates.cli.override", "Two people let a version in without a PASS."),
    "revoke": Entry("gates.cli.revoke", "Take a version out of the running."),
    "triage": Entry("gates.cli.triage", "At night: all new checkpoints, one report."),
    "funnel": Entry("gates.cli.funnel", "How the stages relate: who came how far, at what cost."),
    "trend": Entry("gates.cli.trend", "Every benchmark over checkpoints, and where it changed."),
    "history": Entry("gates.cli.history", "What an alias pointed to, when, by whose word."),
    "verify": Entry("gates.cli.verify", "Every signed record, from MLflow or a folder."),
    "audit": Entry("gates.cli.audit", "A dossier for auditors; retention; who is who."),
    "bench": Entry("gates.cli.bench", "Benchmarks by name: list, show, freeze, run one."),
    "sxs": Entry("gates.cli.sxs", "Side by side: pairs for people, their page, votes in files."),
    "online": Entry("gates.cli.online", "Online A/Bs: start, size, check, look, report."),
    "workshop": Entry("gates.cli.workshop", "Instruments: benches, judges, grades of generators."),
    "keys": Entry("gates.cli.keys", "Private keys, and whose keys count: new, rotate, revoke."),
    "trust": Entry("gates.cli.trust", "Which policies may move which alias; drafted and signed."),
    "completion": Entry("gates.cli.completion", "A completion script for your shell."),
}


_OBJECTS_BEFORE_COLLECTING = 100_000
"""Python's own 700 look through all that MLflow's import makes again and again: half a second."""


@click.group(
    cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="checkpoint-gate", prog_name="gate")
def gate() -> None:
    """Decides which LLM checkpoints go to production.

    Exit codes: 0 yes, 1 no, 2 wrong usage, 3 cannot tell yet, 4 broken.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and leaves the process with its exit code."""
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING)
    sys.exit(framed(gate, arguments))
