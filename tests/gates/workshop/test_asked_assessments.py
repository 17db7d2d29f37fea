"""Models answer a bench's prompts, without and with instructions, and judges compare them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from gates.workshop.bench_quality import Assessment, assess_bench, words
from gates.workshop.recipe_file import read_recipe
from policies.errors import Broken
from stages.engine.assessed import figures_of
from stages.engine.product import freeze
from stages.evidence.estimate import Estimate
from stages.side_by_side.formats.gate_votes import parse_gate_votes
from stages.workshop.bench_quality.recipe import AssessmentRecipe
from stages.workshop.spending import OutOfBudget
from tests.docs.page import read
from tests.fakes.workplace import Workplace
from tests.servers import judge
from tests.servers.openai_server import Call, OpenAIServer, Reaction, cut_short, empty_text, text

pytestmark = pytest.mark.integration

PROMPTS = 24
WORDS = {"weak": 12, "middling": 16, "strong": 18, "base": 14}
"""How many words a model's answer has, more or less."""

TOLD = "Be as detailed as you can."


def luck(*of: object) -> float:
    """Between 0 and 1, the same for the same."""
    return int(sha256(repr(of).encode()).hexdigest()[:8], 16) / 16**8


@dataclass
class World:
    """Models of which the stronger say more, and judges who like that."""

    place: Workplace
    server: OpenAIServer
    cut: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    down: bool = False

    def assess(self, **more: object) -> Assessment:
        path = self.place.folder / "r.yaml"
        said = {
            "recipe": "quality",
            "bench": "bench",
            "asked": {
                "models": ["weak", "middling", "strong"],
                "baseline": "base",
                "judges": {"judge_a": {}},
                "instructions": {"detailed": TOLD},
            },
            **more,
        }
        path.write_text(json.dumps(said))
        return assess_bench(read_recipe(path, AssessmentRecipe), self.place.services)


def reply(world: World, call: Call) -> Reaction:
    model = str(call.body["model"])
    if model == "judge_a":
        return judge.comparing(judge.prefers_longer)(call)
    question, _, told = call.prompt.partition("\n\n")
    if world.down:
        return Reaction(status=400, body=b"{}")
    if model in world.silent:
        return empty_text()
    if model in world.cut and told:
        return cut_short()
    size = WORDS[model] * (0.5 + luck(model, question)) * (1.5 if told == TOLD else 1)
    return text(" ".join(["word"] * round(size)))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found: list[World] = []
    with OpenAIServer(lambda call: reply(found[0], call)) as server:
        place = Workplace(tmp_path)
        place.toml(
            "".join(
                f'[endpoints.{name}]\nbase_url = "{server.url}"\nmodel = "{name}"\n'
                for name in (*WORDS, "judge_a")
            )
        )
        making = tmp_path / ".bench.making"
        making.mkdir()
        rows = [json.dumps({"id": f"p{n}", "prompt": f"Question {n}?"}) for n in range(PROMPTS)]
        (making / "items.jsonl").write_text("\n".join(rows))
        freeze(making, tmp_path / "bench", kind="bench", recipe="r", made_from={}, facts={})
        found.append(World(place=place, server=server))
        yield found[0]


def figures(found: Assessment) -> Mapping[str, Estimate]:
    return {n: f for n, f in figures_of(found.product).items() if isinstance(f, Estimate)}


def test_a_judge_who_likes_length_is_found_out_by_an_instruction(world: World) -> None:
    found = world.assess()

    said = figures(found)
    (ranking,) = found.assessed.rankings
    assert ranking.models == 4, "a model that was told to be detailed is no other model"
    for model in ("weak", "middling", "strong"):
        name = f"judge_a.variant.{model}.detailed"
        assert said[f"{name}.length"].value == pytest.approx(1.5, abs=0.1)
        assert said[f"{name}.wins"].value > 0
        assert said[f"{name}.wins"].n == PROMPTS
    weak = said["judge_a.variant.weak.detailed.wins"]
    assert weak.low is not None
    assert weak.low > 0
    assert said["judge_a.variant.weak.detailed"].value > 0
    told = "\n".join(words(found.assessed, found.bench))
    assert "base, weak, middling, strong, weak.detailed" in told.replace("\\", "")


def test_what_was_asked_is_frozen_and_asked_once(world: World) -> None:
    found = world.assess()
    calls = len(world.server.calls)
    again = world.assess(budget={"calls_at_most": 5000})

    assert len(world.server.calls) == calls
    assert again.product.sha256 == found.product.sha256
    file = found.product.file("votes-judge_a.jsonl")
    votes = parse_gate_votes(file.read_bytes(), where="votes")
    assert len(votes) == 6 * PROMPTS * 2, "six competitors against the baseline, in both orders"
    assert {vote.first for vote in votes} > {"base", "weak"}
    assert set(found.product.made_from) == {
        "bench",
        *(f"model {name}" for name in (*WORDS, "judge_a")),
    }
    (logged,) = world.place.ledger.products.values()
    assert logged.metrics["calls"] == calls - 1, "all but the probe of the judge's endpoint"


def test_fewer_prompts_are_drawn_and_variants_are_left_to_those_named(world: World) -> None:
    asked = {
        "models": ["weak", "strong"],
        "baseline": "base",
        "judges": {"judge_a": {"family": "ours"}},
        "instructions": {"detailed": TOLD},
        "instructed": ["weak"],
        "prompts": 10,
    }
    found = world.assess(asked=asked, families={"ours": ["weak*"]})

    assert found.assessed.asked is not None
    assert found.assessed.asked.prompts == 10
    assert set(found.assessed.asked.lost) == {"base", "weak", "strong", "weak.detailed"}


def test_a_budget_that_ends_asks_no_more_and_the_rest_goes_on(world: World) -> None:
    with pytest.raises(OutOfBudget, match="the budget ends while answering as"):
        world.assess(budget={"calls_at_most": 40})
    assert len(world.server.calls) <= 40
    assert not (world.place.folder / "assessments").exists()

    assert world.assess(budget={"calls_at_most": 4000}).product.folder.exists()


def test_a_server_that_is_down_assesses_nothing(world: World) -> None:
    world.down = True
    with pytest.raises(Broken, match="cannot compare base"):
        world.assess()
    assert not (world.place.folder / "assessments").exists()


def test_answers_that_are_cut_are_not_left_out_in_silence(world: World) -> None:
    world.cut = {"strong"}
    with pytest.raises(Broken, match=r"cannot compare strong\.detailed") as refused:
        world.assess()
    assert "sampling.max_tokens" in refused.value.fix


def test_an_empty_answer_loses_and_no_judge_need_read_it(world: World) -> None:
    world.silent = {"weak"}
    found = world.assess()

    assert found.assessed.asked is not None
    votes = found.assessed.asked.votes["judge_a"]
    assert {v.win_a for v in votes if v.model_a.startswith("weak")} == {0.0}
    read = [call for call in world.server.calls if call.body["model"] == "judge_a"]
    assert len(read) - 1 <= 4 * PROMPTS * 2


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"models": ["base"]}, "is the baseline"),
        ({"models": ["weak", "weak"]}, "every model once"),
        ({"instructed": ["other"]}, "is none of"),
        ({"instructed": ["weak"], "instructions": {}}, "with which `instructions`"),
        ({"judges": {}}, "at least 1"),
        ({"judges": {"judge_a": {"family": "nobody"}}}, "which is not told"),
    ],
)
def test_who_cannot_be_asked_is_refused(asked: dict[str, object], why: str) -> None:
    usual = {"models": ["weak"], "baseline": "base", "judges": {"judge_a": {}}}
    said = {"recipe": "q", "bench": "b", "asked": {**usual, **asked}}
    with pytest.raises(ValueError, match=why):
        AssessmentRecipe.model_validate_json(json.dumps(said))


def test_whose_prompts_are_answered_must_be_named() -> None:
    said = {
        "recipe": "q",
        "asked": {"models": ["weak"], "baseline": "base", "judges": {"judge_a": {}}},
    }
    with pytest.raises(ValueError, match="name in `bench`"):
        AssessmentRecipe.model_validate_json(json.dumps(said))


@pytest.mark.parametrize("name", ["quality", "published"])
def test_the_recipes_of_the_page_can_be_followed(name: str, tmp_path: Path) -> None:
    shown = read("workshop.md").split(f"# file: recipes/{name}.yaml\n")[1].split("```")[0]
    (tmp_path / "r.yaml").write_text(shown)
    assert read_recipe(tmp_path / "r.yaml", AssessmentRecipe).recipe.recipe == name
