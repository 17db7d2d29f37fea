from dataclasses import replace

from stages.side_by_side.ballots.topics import TopicProgress, by_topic
from stages.side_by_side.batch import Batch
from stages.side_by_side.vote import Vote
from tests.stages.side_by_side.exchange.handed_out import batch


def on(prompt: str) -> Vote:
    return Vote(
        prompt=prompt,
        annotator="ann",
        model_a="new",
        model_b="old",
        win_a=1.0,
        graded_a=1.0,
        both_bad=False,
        first="new",
        where="june",
    )


def sorted_by(topics: str) -> Batch:
    whole = batch(prompts=len(topics))
    pairs = (replace(pair, topic=name) for pair, name in zip(whole.pairs, topics, strict=True))
    return replace(whole, pairs=tuple(pairs))


def test_every_topic_takes_the_votes_of_its_pairs_and_gold_takes_none() -> None:
    found = by_topic(sorted_by("bab"), [on("p0"), on("p0"), on("p2")])
    assert found == (
        TopicProgress(topic="a", votes=0, needed=2),
        TopicProgress(topic="b", votes=3, needed=4),
    )


def test_a_prompt_of_several_pairs_takes_the_votes_of_each() -> None:
    one = sorted_by("a")
    both = replace(
        one,
        terms=replace(one.terms, candidates=("new", "newer")),
        pairs=(*one.pairs, replace(one.pairs[0], model_a="newer")),
    )
    assert by_topic(both, []) == (TopicProgress(topic="a", votes=0, needed=4),)
