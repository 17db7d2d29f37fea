import numpy as np

from stages.workshop.bench.topic_map import Topic, map_png, page

EVIL = "<script>alert(1)</script> $x_{$ \\frac 什么 \x1b[31m"


def topic(number: int, name: str) -> Topic:
    return Topic(
        number=number, name=name, by="grader", prompts=3, score=None, passed=False, chosen=1
    )


def test_a_topic_of_any_name_is_drawn_the_same_way_again() -> None:
    places = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)
    topics = np.array([0, 0, 0, 1, 1, 1, -1])
    named = (topic(0, EVIL), topic(1, "$$"))

    one, again = (map_png(places, topics, [1, 4], named) for _ in range(2))

    assert one.startswith(b"\x89PNG")
    assert one == again


def test_a_name_is_no_markup_on_the_page_and_nothing_is_loaded() -> None:
    shown = page(EVIL, (topic(0, EVIL),), b"png")

    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") == 3
    assert "default-src 'none'" in shown
    assert "http" not in shown.replace("http-equiv", "")
