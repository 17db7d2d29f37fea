"""From a decision to the model version, and from the model version to its newest decision."""

from urllib.parse import quote

from gates.ledger.mlflow_ledger import contents
from gates.ledger.mlflow_ledger.connection import Connection, absent
from gates.ledger.records import CandidateRecord
from gates.ledger.references import parse_reference
from stages.evidence.records import StageName

MARK = "\n\n---\n*Written by gate:* "
"""Begins our part of a version's description; what stands above is a person's."""


def version_link(candidate: str) -> str:
    """Markdown that leads to the model version's page, from any page of the same UI."""
    named = parse_reference(candidate)
    page = f"#/models/{quote(named.name, safe='')}/versions/{named.version}"
    return f"Model version: [{named.name}/{named.version}]({page})"


def link_version(connection: Connection, share: CandidateRecord, link: str, url: str) -> None:
    """Writes verdicts and a link onto the model version; a version that was deleted is let be.

    Args:
        connection: The store.
        share: The decision.
        link: The MLflow run's page, seen from any page of the same UI.
        url: Its whole address; empty when the store has no UI.
    """
    from mlflow.exceptions import MlflowException

    named = parse_reference(share.decision.candidate)
    tags = contents.version_tags(share.decision, share.policy.policy, url or link)
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
        text = _described(version.description or "", share, link)
        if text != version.description:
            client.update_model_version(*place, text)


def _described(before: str, share: CandidateRecord, link: str) -> str:
    decision = share.decision
    ours = (
        f"**{decision.verdict.value}** under policy {share.policy.policy}: "
        f"[decision and evidence]({link})"
    )
    return f"{before.split(MARK, maxsplit=1)[0].rstrip()}{MARK}{ours}"
