import pytest

from policies.task import Sampling
from stages.evidence.items import Item
from stages.models.client import EndpointError, Request
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings
from stages.models.unasked import Unasked


def test_who_is_not_asked_is_known_by_the_same_identity_and_says_nothing() -> None:
    client = OpenAICompatible(EndpointSettings(base_url="http://127.0.0.1:1/v1", model="a"))
    unasked = Unasked(client)
    assert unasked.identity == client.identity
    assert unasked.slots == 1
    item = Item(id="i", messages=({"role": "user", "content": "?"},), cluster="i")
    with pytest.raises(EndpointError, match="nobody is asked"):
        unasked.answer(Request(item=item, sampling=Sampling()))
    unasked.close()
    client.close()
