"""The topology of infra/compose.yaml, run without Docker: the same commands as processes.

Each service of ours runs behind Bubblewrap with the mounts that the file names, so a container's
read-only image and workspace are read-only here. Stand-ins for images of others: PostgreSQL is
this machine's, set up by the script that compose mounts; the S3 store is moto's server in the
place of MinIO, whose buckets the test makes as the service `buckets` would.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gates.trust.trust_document import Stage
from tests.docs.page import files, read
from tests.infra.deployed import INFRA, services
from tests.servers.bubblewrap import need_bubblewrap
from tests.servers.composed import Composed
from tests.servers.mlflow_server import end, free_port
from tests.servers.postgres import PASSWORD, running_postgres
from tests.trusting import trusted

if TYPE_CHECKING:
    from botocore.client import BaseClient

pytestmark = [pytest.mark.integration, pytest.mark.pictures, pytest.mark.timeout(420)]

POLICY = """\
policy: release
model: assistant
plan:
  offline:
    sums: {data: ../data/sums.jsonl, scorer: numeric}
criteria:
  - {metric: sums.accuracy, at_least: 0.5, severity: blocking, because: sums must be right}
"""
SETTINGS = """\
[models.assistant]
policies = { champion = "release" }

[state]
records = "s3://gate-records"
"""
SUMS = 40
STARTS_WITHIN_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Site:
    """The running topology.

    Attributes:
        composed: Its services.
        workspace: Mounted read-only everywhere.
        postgres: URL of the server, as its administrator.
        files: What stood in the workspace before anything ran.
    """

    composed: Composed
    workspace: Path
    postgres: str
    files: frozenset[Path]

    def gate(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return self.composed.run("gate", *words, **settings)

    def database(self, name: str, *, user: str) -> str:
        port = self.composed.ports["postgres"]
        password = self.composed.settings[f"{user.upper()}_DATABASE_PASSWORD"]
        return f"postgresql://{user}:{password}@127.0.0.1:{port}/{name}"

    @property
    def store(self) -> "BaseClient":
        import boto3

        said = self.composed.environment("gate")
        return boto3.client(
            "s3",
            endpoint_url=said["AWS_ENDPOINT_URL"],
            aws_access_key_id=said["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=said["AWS_SECRET_ACCESS_KEY"],
            region_name=said["AWS_DEFAULT_REGION"],
        )

    def objects(self, bucket: str) -> list[str]:
        pages = self.store.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    need_bubblewrap()
    folder = tmp_path_factory.mktemp("compose")
    workspace = folder / "workspace"
    key = write_workspace(workspace)
    settings = settings_of(workspace, key=key)
    with ExitStack() as held:
        composed = held.enter_context(Composed(folder / "containers", settings))
        store = start_store(composed)
        held.callback(end, store)
        postgres = held.enter_context(running_postgres("postgres"))
        composed.ports["postgres"] = int(postgres.rpartition(":")[2])
        make_databases(composed)
        composed.start("mlflow")
        composed.start("annotators")
        found = Site(
            composed=composed,
            workspace=workspace,
            postgres=postgres,
            files=frozenset(workspace.rglob("*")),
        )
        wait_for(f"{composed.address('store')}/moto-api/", store, composed.log("store"))
        make_buckets(found)
        answers(composed, "mlflow", "/health")
        yield found


def settings_of(workspace: Path, *, key: str) -> dict[str, str]:
    """What stands in `.env`."""
    return {
        "POSTGRES_PASSWORD": PASSWORD,
        "MLFLOW_DATABASE_PASSWORD": "mlflow-pass",
        "GATE_DATABASE_PASSWORD": "gate-pass",
        "STORE_USER": "store",
        "STORE_PASSWORD": "store-pass",
        "GATE_KEY": key,
        "GATE_LINK_KEY": "0" * 64,
        "GATE_WORKSPACE": str(workspace),
        "NIGHT_AT": "now",
        "DEPLOYED_REPOSITORY": "acme/gate",
        "DEPLOYED_COMMIT": "c0ffee",
        "DEPLOYED_BY": "ann",
    }


def write_workspace(folder: Path) -> str:
    """A workspace as compose's first lines describe it; the private key, which is not in it."""
    (folder / "policies").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "policies" / "release.yaml").write_text(POLICY)
    (folder / "gate.toml").write_text(SETTINGS)
    keys = trusted(
        folder, folder / "policies" / "release.yaml", stages=(Stage.OFFLINE,), ci=("night",)
    )
    pem = keys.files["night"].read_text()
    shutil.rmtree(folder / ".gate")
    text = (folder / "gate.toml").read_text()
    text = re.sub(r"^key = .*\n", "", text, flags=re.MULTILINE)
    (folder / "gate.toml").write_text(f'{text}anchor = "/anchor/anchor.json"\n')
    sums = [
        {"id": f"s{n}", "prompt": f"What is {n} + {n}?", "target": f"{2 * n}"} for n in range(SUMS)
    ]
    lines(folder / "data" / "sums.jsonl", sums)
    for name, wrong_every in (("old", 9), ("good", 13), ("weak", 1)):
        said = [
            {"id": item["id"], "output": item["target"] if n % wrong_every else "none"}
            for n, item in enumerate(sums)
        ]
        lines(folder / "data" / f"{name}.jsonl", said)
    each = [{"outputs": f"data/{name}.jsonl"} for name in ("old", "good", "weak")]
    lines(folder / "candidates.jsonl", each)
    return pem


def lines(file: Path, values: list[dict[str, str]]) -> None:
    file.write_text("".join(f"{json.dumps(value)}\n" for value in values))


def start_store(composed: Composed) -> subprocess.Popen[bytes]:
    """Moto's server in the place of MinIO."""
    with composed.log("store").open("wb") as log:
        return subprocess.Popen(
            [
                str(Path(sys.executable).parent / "moto_server"),
                *("--host", "127.0.0.1", "--port", str(composed.ports["store"])),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def make_databases(composed: Composed) -> None:
    """The script that PostgreSQL's image runs at its first start."""
    (script,) = [v for v in services()["postgres"]["volumes"] if v.endswith(".sh:ro")]
    where = {"PGHOST": "127.0.0.1", "PGPORT": str(composed.ports["postgres"])}
    said = composed.environment("postgres")
    subprocess.run(
        ["sh", str(INFRA / script.partition(":")[0])],
        env={"PATH": os.environ["PATH"], "PGPASSWORD": PASSWORD, **where, **said},
        check=True,
        capture_output=True,
    )


def make_buckets(site: Site) -> None:
    """What the service `buckets` does by MinIO's client."""
    for name in re.findall(r"\bhere/([\w-]+)", services()["buckets"]["command"][0]):
        site.store.create_bucket(Bucket=name)


def answers(composed: Composed, name: str, path: str) -> str:
    return wait_for(f"{composed.address(name)}{path}", None, composed.log(name))


def wait_for(address: str, process: subprocess.Popen[bytes] | None, log: Path) -> str:
    latest = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < latest and (process is None or process.poll() is None):
        try:
            with urllib.request.urlopen(address, timeout=2) as reply:
                return str(reply.read().decode())
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"{address} does not answer: {log.read_text(errors='replace')[-2000:]}")


def ends_with(code: int, ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def night(site: Site) -> str:
    """What the night said; before it, a baseline and two candidates came."""
    ends_with(0, site.gate("register", "assistant", "--each", "candidates.jsonl"))
    ends_with(0, site.gate("adopt", "assistant/1", "--reason", "it has served since May"))
    return ends_with(0, site.composed.run("night"))


def test_the_topology_from_a_candidate_to_the_morning(site: Site, night: str) -> None:
    assert "2 checkpoints taken up" in night
    kept = site.composed.volumes / "night"
    assert {path.name for path in kept.rglob("*.*") if path.is_file()} == {
        *("report.md", "report.html", "report.json"),
        "gate.prom",
    }
    assert any(name.startswith("envelopes/") for name in site.objects("gate-records"))
    assert any(name.startswith("blobs/") for name in site.objects("gate-records"))
    assert any(name.endswith("evidence.json") for name in site.objects("mlflow"))
    status = ends_with(0, site.gate("status", "assistant"))
    assert "assistant/2" in status
    assert "FAIL" in status
    promoted = ends_with(0, site.gate("promote", "assistant/2", "--expect", "1"))
    assert "PROMOTED models:/assistant/2" in promoted
    assert answers(site.composed, "annotators", "/healthz")
    assert frozenset(site.workspace.rglob("*")) == site.files, "the workspace is read-only"


def test_a_container_writes_neither_to_the_workspace_nor_to_its_image(tmp_path: Path) -> None:
    """The walls of this test hold: without them it would show nothing."""
    need_bubblewrap()
    workspace = tmp_path / "workspace"
    settings = settings_of(workspace, key=write_workspace(workspace))
    before = frozenset(workspace.rglob("*"))
    with Composed(tmp_path / "containers", settings) as composed:
        for file in ("/workspace/key.pem", "/key.pem", f"{INFRA}/key.pem"):
            ended = composed.run("gate", "keys", "new", "mallory", "--file", file)
            assert ended.returncode != 0
            assert "Read-only file system" in ended.stderr
        ends_with(0, composed.run("gate", "keys", "new", "mallory", "--file", "/tmp/key.pem"))
    assert frozenset(workspace.rglob("*")) == before


@pytest.mark.usefixtures("night")
def test_a_backup_is_restored_elsewhere_and_an_older_one_is_found_by_the_anchor(
    site: Site, tmp_path: Path
) -> None:
    """The drill of operations.md by its own scripts; the bucket is copied by boto3."""
    page = files(read("operations.md"))
    whole = ends_with(0, site.gate("verify", "assistant"))
    shell(page["backup.sh"], tmp_path, site, suffix="")
    copy_bucket(site, "mlflow", "mlflow-restored")
    for name in ("gate", "mlflow"):
        create_database(site, f"{name}_restored", owner=name)
    shell(page["restore.sh"], tmp_path, site, suffix="_restored")

    elsewhere = restored(site)
    again = ("--state", site.database("gate_restored", user="gate"))
    assert ends_with(0, elsewhere.run("gate", "verify", "assistant", *again)) == whole

    ends_with(0, site.gate("revoke", "assistant/3", "--reason", "trained on the test set"))
    older = elsewhere.run("gate", "verify", "assistant", *again)
    ends_with(4, older)
    assert "have lost their end" in older.stderr
    ends_with(0, site.gate("verify", "--records", "s3://gate-records"))
    ends_with(0, mended := elsewhere.run("gate", "verify", "assistant", "--restore", *again))
    assert "put back into MLflow" in mended.stdout


def shell(script: str, folder: Path, site: Site, *, suffix: str) -> None:
    """Runs a script of the page; its databases bear a suffix."""
    databases = {
        f"{name.upper()}_DATABASE": site.database(f"{name}{suffix}", user=name)
        for name in ("gate", "mlflow")
    }
    ended = subprocess.run(
        ["sh", "-c", script, "sh", str(folder)],
        env={"PATH": os.environ["PATH"], **databases},
        capture_output=True,
        text=True,
        check=False,
    )
    ends_with(0, ended)


def copy_bucket(site: Site, source: str, target: str) -> None:
    site.store.create_bucket(Bucket=target)
    for key in site.objects(source):
        site.store.copy_object(Bucket=target, Key=key, CopySource={"Bucket": source, "Key": key})


def create_database(site: Site, name: str, *, owner: str) -> None:
    import psycopg

    with psycopg.connect(f"{site.postgres}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER {owner}")


def restored(site: Site) -> Composed:
    """The same topology, whose MLflow serves what was restored."""
    first = site.composed
    found = Composed(first.folder, first.settings, {**first.ports, "mlflow": free_port()})
    found.running = first.running  # ended with the others
    found.start(
        "mlflow",
        called="restored",
        instead={
            f":{first.ports['postgres']}/mlflow": f":{first.ports['postgres']}/mlflow_restored",
            "s3://mlflow": "s3://mlflow-restored",
            "--workers=2": "--workers=1",
        },
    )
    wait_for(f"{found.address('mlflow')}/health", None, first.log("restored"))
    return found
