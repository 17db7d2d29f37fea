import threading

from hypothesis import given
from hypothesis import strategies as st

from stages.models.rate_limit import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(
    per_minute=st.floats(0.5, 10_000),
    pauses=st.lists(st.floats(0, 90), min_size=2, max_size=40),
)
def test_no_minute_holds_more_requests_than_allowed(per_minute: float, pauses: list[float]) -> None:
    clock = Clock()
    limit = RateLimit(per_minute, clock=clock, sleep=clock.sleep)
    starts = []
    for pause in pauses:
        clock.now += pause
        limit.wait()
        starts.append(clock.now)

    for first in starts:
        within = sum(first <= start < first + 60 - 1e-6 for start in starts)
        assert within <= per_minute + 1


def test_a_pause_saves_up_nothing() -> None:
    clock = Clock()
    limit = RateLimit(60, clock=clock, sleep=clock.sleep)
    limit.wait()
    clock.now += 1000

    limit.wait()
    limit.wait()

    assert clock.now == 1101


def test_an_unhurried_caller_never_waits() -> None:
    clock = Clock()
    slept: list[float] = []
    limit = RateLimit(60, clock=clock, sleep=slept.append)
    for _ in range(5):
        limit.wait()
        clock.now += 1

    assert slept == []


def test_threads_get_starts_of_their_own() -> None:
    waits: list[float] = []
    limit = RateLimit(6000, clock=lambda: 0.0, sleep=waits.append)
    threads = [threading.Thread(target=limit.wait) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(round(wait, 6) for wait in waits) == [round(n * 0.01, 6) for n in range(1, 50)]
