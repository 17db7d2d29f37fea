"""Records and anchor in an S3 store over HTTP: appended, verified, and what they rest on read."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from gates.chain.bodies import Decision
from gates.chain.custody import Custody
from gates.chain.folder import chains_in, missing_in
from gates.chain.mirror import Mirror
from gates.chain.opening import open_anchor
from gates.chain.places import Bucket, open_place
from gates.pipeline import run_round
from gates.promotion.answer import Answer
from gates.promotion.judging import Request
from gates.promotion.promoting import promote
from gates.trust.trust_document import Stage
from gates.trust.untrusted import Untrusted
from policies.errors import Broken
from policies.policy import PolicyFile
from tests.fakes.workplace import NO_WORSE, SOUND, Workplace, policy_text
from tests.gates.promotion.scene import AT_ONCE
from tests.trusting import trusted

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """An S3 store on this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def bucket(store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket that no other test uses, found by the variables that S3's clients read."""
    import boto3

    for name, value in (
        ("AWS_ENDPOINT_URL", store),
        ("AWS_ACCESS_KEY_ID", "store"),
        ("AWS_SECRET_ACCESS_KEY", "store-pass"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    found = f"gate-{uuid4().hex[:8]}"
    boto3.client("s3").create_bucket(Bucket=found)
    return found


@pytest.fixture
def place(bucket: str, tmp_path: Path) -> Workplace:
    """1 was adopted and 2 has passed; both are signed, and nothing of it is in the workspace."""
    made = Workplace(tmp_path)
    made.toml(
        f'[state]\nrecords = "s3://{bucket}/records"\n'
        '[models.assistant]\npolicies = { champion = "release" }\n'
    )
    file = policy(made)
    trusted(tmp_path, file.path, stages=(Stage.OFFLINE,))
    with (tmp_path / "gate.toml").open("a") as settings:
        settings.write(f'anchor = "s3://{bucket}/kept/anchor.json"\n')
    made.champion()
    made.recorded()
    run_round(file, ["assistant/2"], made.services)
    return made


def policy(place: Workplace) -> PolicyFile:
    return place.policy(policy_text(criteria=(SOUND, NO_WORSE)))


def custody(place: Workplace) -> Custody:
    """As a new process has it."""
    found = place.services.custody
    assert found is not None
    return found


def test_a_promotion_rests_on_what_the_bucket_has(place: Workplace) -> None:
    (record,) = place.ledger.records.values()
    place.ledger.records[record.key] = replace(record, evidence={})  # MLflow has lost it
    done = promote(
        "assistant/2",
        policy(place),
        place.services,
        request=Request(alias="champion"),
        patience=AT_ONCE,
    )
    assert done.answer is Answer.PROMOTED
    chain = custody(place).whole_chain("assistant")
    assert len(chain.records) == 3
    assert not (place.folder / ".gate" / "records").exists()
    assert not (place.folder / ".gate" / "anchor.json").exists()
    body = chain.records[1].record.body
    assert isinstance(body, Decision)
    for digest in (body.policy_sha256, *body.evidence_sha256.values()):
        assert custody(place).blob(digest)


def test_the_bucket_alone_is_verified_without_mlflow(place: Workplace, bucket: str) -> None:
    place.ledger.is_down = True
    trust, anchor = custody(place).trust, open_anchor(place.services.workspace)
    mirror = Mirror(open_place(f"s3://{bucket}/records"))
    chains = chains_in(mirror, trust=trust, anchor=anchor, now=place.now)
    assert {model: len(chain.records) for model, chain in chains.items()} == {"assistant": 2}
    assert missing_in(mirror, chains["assistant"], trust=trust) == ()
    assert custody(place).remembered("assistant").head == anchor.head("assistant")


@pytest.mark.usefixtures("place")
def test_what_others_write_into_the_bucket_is_seen_by_who_has_looked_before(bucket: str) -> None:
    import boto3

    mirror = Mirror(Bucket(f"s3://{bucket}/records"))
    before = len(mirror.everything())
    boto3.client("s3").put_object(Bucket=bucket, Key="records/envelopes/" + "0" * 64, Body=b"x")
    with pytest.raises(Broken, match="was altered"):
        mirror.everything()
    assert before == 2


def test_records_that_mlflow_lost_are_put_back_from_the_bucket(place: Workplace) -> None:
    kept = place.ledger.envelopes["assistant"]
    before = list(kept)
    kept.pop()
    with pytest.raises(Untrusted, match="lost their end"):
        custody(place).whole_chain("assistant")
    assert [k.record.sequence for k in custody(place).replenish("assistant")] == [2]
    assert kept == before


def test_a_bucket_that_is_gone_is_an_error_that_names_it(place: Workplace, bucket: str) -> None:
    import boto3

    mine = boto3.resource("s3").Bucket(bucket)
    mine.objects.all().delete()
    mine.delete()
    with pytest.raises(Broken, match=bucket):
        custody(place).keep(b"evidence")
    names = [found.name for found in boto3.resource("s3").buckets.all()]
    assert bucket not in names  # which would hide that its name was misspelt
