"""Judgements as a test wants them."""

from stages.side_by_side.judged.hearing import Judgement
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference


def shown(name: str, *, gold: Preference | None = None) -> Pair:
    return Pair(
        prompt=name,
        messages=({"role": "user", "content": name},),
        model_a="candidate",
        model_b="baseline",
        answer_a=f"a of {name}",
        answer_b=f"b of {name}",
        gold=gold,
    )


def judgement(
    prompt: str | Pair, said: str, *, a_first: bool = True, repeat: int = 0, judge: str = "j"
) -> Judgement:
    pair = prompt if isinstance(prompt, Pair) else shown(prompt)
    return Judgement(
        pair=pair, judge=judge, a_first=a_first, repeat=repeat, said=Preference(said), why="so"
    )
