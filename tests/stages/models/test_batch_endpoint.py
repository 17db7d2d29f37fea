from collections.abc import Iterator

import pytest

from stages.models.batch_endpoint import Batch, BatchEndpoint, BatchStatus
from stages.models.client import EndpointError
from stages.models.settings import EndpointSettings
from tests.servers.batch_desk import BatchDesk
from tests.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.integration


@pytest.fixture
def desk() -> Iterator[BatchDesk]:
    desk = BatchDesk()
    with OpenAIServer(routes=desk.routes) as server:
        desk.server = server
        yield desk


@pytest.fixture
def endpoint(desk: BatchDesk) -> Iterator[BatchEndpoint]:
    assert desk.server is not None
    settings = EndpointSettings(base_url=desk.server.url, model="toy", retries=2)
    endpoint = BatchEndpoint(settings)
    yield endpoint
    endpoint.close()


def test_a_batch_is_made_found_and_followed(endpoint: BatchEndpoint, desk: BatchDesk) -> None:
    file = endpoint.upload(
        b'{"custom_id": "a", "body": {"messages": [{"content": "x"}]}}\n', name="f"
    )
    assert endpoint.find("d") is None
    made = endpoint.create(file, digest="d")
    assert endpoint.find("d") == endpoint.get(made.id) == made
    assert made == Batch(id="batch_0", status=BatchStatus.VALIDATING)
    desk.finish()
    done = endpoint.get(made.id)
    assert (done.status, done.answered, len(done.files)) == (BatchStatus.COMPLETED, 1, 1)
    assert b'"custom_id": "a"' in endpoint.content(done.files[0])


def test_making_a_batch_is_never_repeated_by_the_library(
    endpoint: BatchEndpoint, desk: BatchDesk
) -> None:
    """A reply that was lost may hide a batch that was made; everything else is repeated."""
    file = endpoint.upload(b"", name="f")
    desk.refuse["POST batches"] = 500
    with pytest.raises(EndpointError):
        endpoint.create(file, digest="d")
    assert desk.asked.count("POST batches") == 1
    made = endpoint.create(file, digest="d")
    desk.refuse["GET batch"] = 500
    assert endpoint.get(made.id) == made
    assert desk.asked.count("GET batch") == 2


def test_why_a_batch_failed_is_told(endpoint: BatchEndpoint, desk: BatchDesk) -> None:
    made = endpoint.create(endpoint.upload(b"", name="f"), digest="d")
    desk.finish("failed")
    assert endpoint.get(made.id).why == "too much is enqueued"


@pytest.mark.parametrize(("change", "why"), [({"id": None}, "no id"), ({"status": "odd"}, "odd")])
def test_what_is_no_batch_is_an_error(
    endpoint: BatchEndpoint, desk: BatchDesk, change: dict[str, object], why: str
) -> None:
    made = endpoint.create(endpoint.upload(b"", name="f"), digest="d")
    desk.batches[made.id].update(change)
    with pytest.raises(EndpointError, match=why):
        endpoint.get(made.id)


def test_a_file_without_an_id_is_an_error(endpoint: BatchEndpoint, desk: BatchDesk) -> None:
    desk.nameless = True
    with pytest.raises(EndpointError, match="no id"):
        endpoint.upload(b"", name="f")


def test_only_the_last_four_words_end_a_batch() -> None:
    assert {status.value for status in BatchStatus if status.ended} == {
        "completed",
        "expired",
        "cancelled",
        "failed",
    }
