from dataclasses import replace

from policies.task import Sampling
from stages.evidence.items import Item
from stages.models.client import EndpointError, ModelError, Request, RequestRefused


def request(content: str, **sampling: object) -> Request:
    item = Item(id=content, messages=({"role": "user", "content": "same"},), cluster=content)
    return Request(item=item, sampling=Sampling(**sampling))


def test_the_key_is_of_question_and_sampling_not_of_the_items_name() -> None:
    assert request("a").key == request("b").key
    assert request("a").key != request("a", max_tokens=5).key


def test_a_form_of_the_answer_is_part_of_the_key_and_its_absence_is_not() -> None:
    plain = request("a")
    as_json = replace(plain, response_format={"type": "json_object"})

    assert plain.key == ("46cf070221ad8dc2d681e2b9fa45c178512b00fc0133090e0151795117335729")
    assert as_json.key != plain.key
    assert as_json.key != replace(plain, response_format={"type": "text"}).key


def test_a_nucleus_is_part_of_the_key_and_its_absence_is_not() -> None:
    assert request("a", top_p=None).key == request("a").key
    assert request("a", top_p=0.9).key not in {request("a").key, request("a", top_p=1.0).key}


def test_a_broken_endpoint_is_a_missing_answer() -> None:
    assert issubclass(EndpointError, ModelError)
    assert EndpointError.exit_code == 4


def test_a_refused_request_is_a_missing_answer_of_an_endpoint_that_works() -> None:
    assert issubclass(RequestRefused, ModelError)
    assert not issubclass(RequestRefused, EndpointError)
