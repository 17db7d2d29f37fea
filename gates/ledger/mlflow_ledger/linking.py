"""From a decision to the model version, and from the model version to its decisions."""

from urllib.parse import quote

from gates.ledger.mlflow_ledger import contents
from gates.ledger.mlflow_ledger.connection import Connection, absent
from gates.ledger.mlflow_ledger.experiments import decisions_link
from gates.ledger.mlflow_ledger.runs import Found
from gates.ledger.records import CandidateRecord
from gates.ledger.references import parse_reference
from stages.evidence.records import StageName

MARK = "\n\n---\n*Written by gate:*\n"
"""Begins our part of a version's description; what stands above is a person's."""


def run_link(run: Found) -> str:
    """The page of an MLflow run, seen from any page of the same UI."""
    return f"#/experiments/{run.experiment_id}/runs/{run.run_id}"


def version_link(candidate: str) -> str:
    """Markdown that leads to the model version's page, from any page of the same UI."""
    named = parse_reference(candidate)
    page = f"#/models/{quote(named.name, safe='')}/versions/{named.version}"
    return f"Model version: [{named.name}/{named.version}]({page})"


def link_version(connection: Connection, share: CandidateRecord, run: Found, url: str) -> None:
    """Writes verdicts and links onto the model version; a version that was deleted is let be.

    Args:
        connection: The store.
        share: The decision.
        run: The candidate's MLflow run.
        url: The whole address of its page; empty when the store has no UI.
    """
    from mlflow.exceptions import MlflowException

    named = parse_reference(share.decision.candidate)
    tags = contents.version_tags(share.decision, share.policy.policy, url or run_link(run))
    with connection.answering(f"tag {share.decision.candidate}"):
        client, place = connection.client, (named.name, str(named.version))
        try:
            version = client.get_model_version(*place)
        except MlflowException as error:
            if absent(error):
                return
            raise
        for key in {f"gate_{stage.value}" for stage in StageName} & set(version.tags) - set(tags):
            client.delete_model_version_tag(*place, key)
        for key, value in tags.items():
            if version.tags.get(key) != value:
                client.set_model_version_tag(*place, key, value)
        text = _described(version.description or "", share, run)
        if text != version.description:
            client.update_model_version(*place, text)


def _described(before: str, share: CandidateRecord, run: Found) -> str:
    """A line for each policy, the one decided under now first; a person's words stay above."""
    decision, under = share.decision, f" under policy {share.policy.policy}: "
    ours = (
        f"- **{decision.verdict.value}**{under}[decision and evidence]({run_link(run)}), "
        f"[every decision]({decisions_link(run.experiment_id, decision.candidate)})"
    )
    words, _, written = before.partition(MARK)
    others = [line for line in written.splitlines() if line and under not in line]
    return words.rstrip() + MARK + "\n".join([ours, *others])
