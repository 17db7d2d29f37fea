"""What a judge is told when it compares two answers, by the family of a task."""

from policies.side_by_side import PairRubric
from stages.judges.asking import Brief
from stages.judges.verdict import Form

UNDECIDED = "both_bad"
"""The choice that says: neither is good enough to compare."""

CHOICES = ("A>>B", "A>B", "A=B", "B>A", "B>>A", UNDECIDED)
"""What may be said of two answers, A being the one that is shown first."""


def brief_for(rubric: PairRubric, *, own_answer: bool) -> Brief:
    """What a judge of pairs is told.

    The five steps are those of Arena-Hard (Li et al. 2024, arXiv 2406.11939), whose judge is told
    to answer the prompt itself first; "both bad" is Chatbot Arena's. All wordings are our own.

    Args:
        rubric: What to look for.
        own_answer: Whether the judge is shown the answer that it gave itself.
    """
    notes = f"\n{_NOTES}" if own_answer else ""
    return Brief(
        instructions=f"{_TASK}{notes}\n\n{_LOOK_FOR[rubric]}\n\n{_STEPS}",
        form=Form(name="preference", key="verdict", choices=CHOICES),
    )


_TASK = """\
You see a conversation and two answers to its last message, A and B, by two authors whom you do \
not know. Decide which of the two serves the one who asked better. Which answer stands first is \
chance and says nothing of it; neither does length, nor how it is set: a longer answer is better \
only by what it says more and was wanted, and headings, lists and bold words are better only \
where they help to read."""

_NOTES = """\
You also see what you yourself answered before you saw A and B. Use it to check both; it may be \
wrong, and an answer is not better for resembling it."""

_STEPS = """\
A>>B: A is much better. A>B: A is somewhat better. A=B: they are about equally good. B>A: B is \
somewhat better. B>>A: B is much better. both_bad: neither is of any use to the one who asked, or \
both do harm; say so rather than A=B."""

_LOOK_FOR = {
    PairRubric.GENERAL: """\
First see whether each answer does what was asked, all of it and in the form that was asked for. \
Then whether what it says is true, and whether it is clear and to the point. A wrong claim weighs \
more than a missing one. To decline a harmless request is a failure; to decline a harmful one is \
not.""",
    PairRubric.CODE: """\
First see whether each program would run and give the right results, also for empty, large and \
odd inputs: go through it by hand on an example. Then whether it does what was asked and no other \
thing, in the language and with the interfaces that were asked for. Then whether it is plain, \
safe and fast enough. Remarks around code count little. Code that does not work loses against \
code that does, however well it is explained.""",
    PairRubric.MATHS: """\
Work the problem out before you compare. First see whether each final result is right; an answer \
with the right result beats one with a wrong result. Where both are right or both are wrong, see \
whether the steps follow from each other and whether any is missing that was needed. Neatness \
counts last.""",
    PairRubric.CREATIVE: """\
First see whether each answer keeps to what was asked: form, length, subject, tone, person. Then \
judge the writing: whether its ideas and images are its own or worn, whether its language is \
alive and exact, whether it holds together to its end. Neither ornament nor length is quality.""",
    PairRubric.FACTS: """\
First see what each answer claims about the world, and whether each claim is true as far as you \
know; one false claim of weight outweighs several true ones. Then whether the question is \
answered. To say that something is not known is better than to invent it, and worse than to \
know it. Claims that nobody can check gain nothing.""",
}
