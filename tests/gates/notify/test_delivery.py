"""Delivery over real HTTP: to a receiver that takes, fails, hangs, redirects and comes back."""

import time
from pathlib import Path

import pytest

from gates.notify import delivery
from gates.notify.delivery import KEPT, TRIES, Delivery, deliver, waiting
from gates.notify.events import Event, EventKind, tell
from tests.fakes.workplace import Workplace
from tests.servers.webhook import CUT, HANG, webhook

TOML = '[notify]\nurl_env = "HOOK"\n'


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    found = Workplace(tmp_path)
    found.toml(TOML)
    return found


def happened(place: Workplace, *keys: str, sentence: str = "assistant/12 is champion") -> None:
    for key in keys:
        event = Event(
            kind=EventKind.PROMOTED,
            key=key,
            model="assistant",
            sentence=sentence,
            url="https://mlflow.example/#/runs/1",
        )
        tell(place.state, event, at=place.now)


def post(place: Workplace, url: str) -> Delivery:
    place.environment = {"HOOK": url, "JUDGE_KEY": "sk-very-secret"}
    return deliver(place.services, pause=lambda _: None)


def test_what_was_told_is_posted_once_in_its_order(place: Workplace) -> None:
    happened(place, "a", "b")
    with webhook() as hook:
        assert post(place, hook.url) == Delivery(delivered=2)
        assert post(place, hook.url) == Delivery()
        happened(place, "a")
        assert post(place, hook.url) == Delivery()
    assert [p["text"].split(" (")[0] for p in hook.posts] == [
        "assistant: assistant/12 is champion https://mlflow.example/#/runs/1"
    ] * 2
    assert len({h["idempotency-key"] for h in hook.headers}) == 2


def test_plain_json_says_the_event_field_by_field(place: Workplace) -> None:
    place.toml(f'{TOML}format = "json"\n')
    happened(place, "a")
    with webhook() as hook:
        post(place, hook.url)
    (said,) = hook.posts
    assert said == {
        "schema": "gate.event/1",
        "id": hook.headers[0]["idempotency-key"],
        "kind": "promoted",
        "model": "assistant",
        "sentence": "assistant/12 is champion",
        "url": "https://mlflow.example/#/runs/1",
        "at": "2026-03-01T10:00:00+00:00",
    }


def test_a_receiver_that_fails_twice_gets_it_by_the_third_try(place: Workplace) -> None:
    happened(place, "a")
    with webhook(lambda number: 500 if number < 2 else 200) as hook:
        assert post(place, hook.url) == Delivery(delivered=1)
    assert len(hook.posts) == TRIES == 3
    assert len({h["idempotency-key"] for h in hook.headers}) == 1


def test_a_receiver_that_fails_on_is_asked_no_more_in_this_call(place: Workplace) -> None:
    happened(place, "a", "b", "c")
    with webhook(503) as hook:
        found = post(place, hook.url)
    assert found == Delivery(waiting=3, failure="the receiver answers with status 503")
    assert len(hook.posts) == TRIES
    with webhook() as hook:
        assert post(place, hook.url).delivered == 3


def test_a_receiver_that_hangs_is_given_up_within_seconds(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SECONDS", 0.2)
    happened(place, "a", "b")
    began = time.monotonic()
    with webhook(HANG) as hook:
        found = post(place, hook.url)
    assert time.monotonic() - began < 5
    assert found == Delivery(waiting=2, failure="the receiver does not answer (ReadTimeout)")


def test_a_redirect_is_not_followed(place: Workplace) -> None:
    happened(place, "a")
    with webhook(307) as hook:
        found = post(place, hook.url)
    assert hook.followed == 0
    assert found.failure == "the receiver redirects (status 307), and is not followed"
    assert (found.waiting, len(hook.posts)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "posts"), [(400, 2), (404, 2), (429, TRIES), (CUT, TRIES), (500, TRIES)]
)
def test_what_is_refused_for_good_is_not_tried_again_at_once(
    place: Workplace, status: int, posts: int
) -> None:
    happened(place, "a", "b")
    with webhook(status) as hook:
        assert post(place, hook.url).waiting == 2
    assert len(hook.posts) == posts


def test_one_refused_message_keeps_no_other(place: Workplace) -> None:
    happened(place, "a", "b")
    with webhook(lambda number: 400 if number == 0 else 200) as hook:
        assert post(place, hook.url).delivered == 1


def test_an_answer_that_got_lost_is_posted_again_with_the_same_id(place: Workplace) -> None:
    happened(place, "a")
    with webhook(lambda number: CUT if number < TRIES else 200) as hook:
        assert post(place, hook.url).waiting == 1
        assert post(place, hook.url).delivered == 1
    assert len({h["idempotency-key"] for h in hook.headers}) == 1


def test_nobody_there_or_no_address_fails_nothing(place: Workplace) -> None:
    happened(place, "a")
    for url, why in (
        ("http://127.0.0.1:9/", "the receiver does not answer (ConnectError)"),
        ("no address", "the receiver does not answer (UnsupportedProtocol)"),
        ("", "the variable HOOK is not set"),
    ):
        assert post(place, url) == Delivery(waiting=1, failure=why)


def test_without_a_receiver_nothing_is_posted(place: Workplace) -> None:
    place.toml("")
    happened(place, "a")
    assert deliver(place.services) == Delivery()


def test_old_news_is_posted_no_more(place: Workplace) -> None:
    happened(place, "a")
    place.now += KEPT
    assert waiting(place.services) == ()
    with webhook() as hook:
        assert post(place, hook.url) == Delivery()


def test_the_address_and_keys_are_in_no_message_and_no_failure(place: Workplace) -> None:
    with webhook(400) as hook:
        happened(place, "a", sentence=f"{hook.url} refused sk-very-secret, said model <!channel>")
        found = post(place, hook.url)
    text = hook.posts[0]["text"]
    assert "hunter2" not in text + str(found)
    assert "sk-very-secret" not in text
    assert "<!channel>" not in text
    assert "&lt;!channel&gt;" in text


def test_a_long_list_ends_with_the_calls_patience(place: Workplace) -> None:
    happened(place, *"abc")

    def later(_: int) -> int:
        place.later(seconds=31)
        return 200

    with webhook(later) as hook:
        found = post(place, hook.url)
    assert found == Delivery(delivered=1, waiting=2, failure="the receiver took longer than 30 s")


def test_while_another_process_posts_this_one_does_not(place: Workplace) -> None:
    happened(place, "a")
    with webhook() as hook, place.state.lock("notify/delivering"):
        found = post(place, hook.url)
        assert hook.posts == []
    assert found.failure is not None
