"""A judge goes through its gate by the same commands as any checkpoint, over HTTP."""

from collections.abc import Iterator

import pytest

from gates.ledger.ledger import NewVersion
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace, lines, policy_text
from tests.gates.judges import POLICY, Mind
from tests.servers import judge
from tests.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.integration

BETTER = """\
  - {metric: bench.accuracy, non_inferior: {margin: 0.4}, severity: blocking, because: it must last}
"""


@pytest.fixture
def served(place: Workplace) -> Iterator[tuple[OpenAIServer, OpenAIServer]]:
    """A judge that knows, its first version, and one that takes whatever stands first."""
    rows = (
        {
            "id": f"p{n}",
            "prompt": f"question {n}",
            "chosen": f"the right answer {n}",
            "rejected": f"a wrong answer {n}",
        }
        for n in range(12)
    )
    lines(place.data / "pairs.jsonl", rows)
    text = POLICY.format(name="judge_gate", kind="judge") + BETTER
    place.policy(text, name="judge_gate")
    with OpenAIServer(Mind()) as knows, OpenAIServer(Mind(judge.prefers_first)) as guesses:
        settings = (
            '[mlflow]\ntracking_uri = "sqlite:///never-opened.db"\n[state]\nurl = "state"\n'
            '[models.support_judge]\npolicies = { champion = "release" }\n'
            f'[endpoints.judge_a]\nbase_url = "{knows.url}"\nmodel = "a"\n'
            'admitted = "support_judge@champion"\n'
        )
        place.toml(settings)
        place.policy(policy_text().replace("model: assistant", "model: support_judge"))
        assert said("trust", "init", "--owner", "ann").code == 0
        toml = place.folder / "gate.toml"
        toml.write_text(toml.read_text().replace('"release"', '"judge_gate"'))
        for server in (guesses, knows):
            tags = {
                "gate_source": "endpoint",
                "gate_base_url": server.url,
                "gate_model_name": "a",
            }
            place.ledger.register(NewVersion(name="support_judge", tags=tags))
        yield guesses, knows


def allow() -> None:
    """As infra/docs/workshop.md says it."""
    allowed = said("trust", "allow", "support_judge", "champion", "judge_gate")
    assert allowed.code == 0, allowed.err
    assert "note: `stages: [offline]` in trust.yaml: a judge's policy has no other" in allowed.out
    signed = said("trust", "sign")
    assert signed.code == 0, signed.err
    assert "stages offline" in signed.out


def test_a_judge_is_checked_forecast_run_explained_and_promoted(
    place: Workplace, served: tuple[OpenAIServer, OpenAIServer]
) -> None:
    assert served
    allow()
    checked = said("policy", "check", "judge_gate")
    assert checked.code == 0, checked.err
    adopted = said("adopt", "support_judge/1", "--alias", "champion", "--reason", "the old one")
    assert adopted.code == 0, adopted.err
    forecast = said("forecast", "judge_gate", "support_judge/2", "--json")
    assert forecast.code == 0, forecast.err
    run = said("run", "judge_gate", "support_judge/2")
    assert run.code == 0, run.out + run.err
    explained = said("explain", "support_judge/2")
    assert "bench accuracy" in explained.out
    assert explained.out.endswith("next: gate promote support_judge/2\n")
    promoted = said("promote", "support_judge/2", "--to", "champion")
    assert promoted.code == 0, promoted.out + promoted.err
    assert place.ledger.aliases["support_judge"]["champion"] == "2"
    status = said("status", "support_judge")
    assert status.code == 0
    assert "judge_gate" in status.out


def test_a_judge_that_guesses_is_not_promoted(
    place: Workplace, served: tuple[OpenAIServer, OpenAIServer]
) -> None:
    assert served
    allow()
    said("adopt", "support_judge/2", "--alias", "champion", "--reason", "the old one")
    run = said("run", "judge_gate", "support_judge/1")
    assert run.code == 1, run.out + run.err
    assert said("promote", "support_judge/1", "--to", "champion").code == 1
    assert place.ledger.aliases["support_judge"]["champion"] == "2"


def test_status_says_that_a_judge_is_out_and_how_its_gate_is_run_again(
    place: Workplace, served: tuple[OpenAIServer, OpenAIServer]
) -> None:
    assert served
    version = place.ledger.version("support_judge/2")
    place.ledger.tag(version, {"gate_drifted": "it drifted; gate run judge_gate support_judge/2"})
    told = said("status", "support_judge").out
    assert "DRIFTED: models:/support_judge/2 does not judge: it drifted; gate run" in told
