"""Whether a judge may judge: one that names its admission must have passed a gate of its own.

`[endpoints.judge_a] admitted = "support_judge@champion"` promises that the endpoint serves the
version behind that alias. Whoever asks a judge that says so asks here first: the alias must have
been moved on a PASS under a policy of kind `judge`, be signed where the workspace signs, and the
endpoint must still be, and serve, what was measured then. Everything that cannot be shown is a no.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Never

from gates.chain.bodies import Decision, Promotion
from gates.chain.chain import Chain
from gates.chain.record import Kept
from gates.decide.verdict import Verdict
from gates.ledger.ledger import Decided, Version
from gates.services import Services
from gates.subjects import identity_of
from policies.canonical import sha256_of
from policies.errors import Broken, GateError
from policies.pairs_task import PairsTask
from policies.policy import Kind
from policies.side_by_side import Judging, PairRubric
from stages.engine.checkpoints import identity_stream
from stages.engine.identity import (
    changed_since,
    check_identity,
    drifted,
    first_served,
    note_drift,
)
from stages.engine.subject import Subject
from stages.evidence.records import StageName
from stages.models.chat import chat_client, described
from stages.models.settings import EndpointSettings

DRIFTED_TAG = "gate_drifted"
"""Tag of a version: why it is out until its gate is run again; an index, no proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A judge that may judge.

    Attributes:
        judge: Name of its endpoint.
        alias: The model and alias that admit it, `support_judge@champion`.
        version: The version behind the alias.
        digest: Digest of the checkpoint that was measured.
        policy: Name of the policy that it passed.
        rubrics: What it was told to look for there.
    """

    judge: str
    alias: str
    version: Version
    digest: str
    policy: str
    rubrics: frozenset[PairRubric] = frozenset()

    @property
    def command(self) -> str:
        """What opens its gate again."""
        return f"gate run {self.policy} {self.version.name}/{self.version.version}"

    def unlike(self, judging: Judging) -> str | None:
        """How a comparison asks it otherwise than its gate did; None where it does not."""
        others = sorted({judging.rubric, *judging.rubrics.values()} - self.rubrics)
        differs = [f"by the rubric {rubric}" for rubric in others]
        if judging.own_answer_first:
            differs.append("with its own answer first")
        if not differs:
            return None
        return (
            f"judge {self.judge} is asked {' and '.join(differs)}, and policy {self.policy}, by "
            f"which it is admitted as {self.alias}, asked it otherwise: how well it judges is not "
            "known of this"
        )

    def suspend(self, why: str, services: Services) -> str:
        """Takes the admission away until the gate is run again; says so with the command."""
        stream = f"identity/{self.digest}"
        note_drift(
            f"{why}; register what it serves now as a new version, and run its gate",
            state=services.state,
            stream=stream,
        )
        with suppress(GateError):  # an index for people: the journal counts
            services.ledger.tag(self.version, {DRIFTED_TAG: f"{why}; {self.command}"})
        return f"judge {self.judge} is out as {self.alias}: {why}; {self.command}"


def admissions(
    judges: Iterable[str],
    endpoints: Mapping[str, EndpointSettings],
    services: Services,
    *,
    asks: bool = True,
) -> Mapping[str, Admission]:
    """The admissions of those judges that name one, checked; of the others nothing is looked up.

    Args:
        judges: Names of endpoints.
        endpoints: How they are reached, by name.
        services: The outside world.
        asks: Whether what an admitted judge serves is asked for, by the pinned texts; else what the
            journal says of it counts, for who only reads what judges have said.

    Raises:
        Broken: When a judge is not admitted; why, and the command that may admit it.
        LedgerDown: When the ledger does not answer.
    """
    sections = services.workspace.endpoints
    named = {
        judge: section.admitted
        for judge in judges
        if (section := sections.get(judge)) is not None and section.admitted is not None
    }
    return {
        judge: _admitted(
            _Asked(judge=judge, alias=alias, services=services, asks=asks), endpoints[judge]
        )
        for judge, alias in named.items()
    }


def standing_of(
    judges: Iterable[str], endpoints: Mapping[str, EndpointSettings], services: Services
) -> Iterator[Admission | GateError]:
    """Of each judge that names an admission: that it has it, or why not; no endpoint is asked."""
    for judge in judges:
        try:
            yield from admissions([judge], endpoints, services, asks=False).values()
        except GateError as error:
            yield error


def _admitted(asked: "_Asked", endpoint: EndpointSettings) -> Admission:
    version = asked.services.ledger.holder(asked.model, asked.name)
    if version is None:
        asked.refuse(f"`{asked.name}` of {asked.model} points to no version")
    signed = asked.signed(version)
    passed = asked.passed(version, signed)
    found = Admission(
        judge=asked.judge,
        alias=asked.alias,
        version=version,
        digest=signed.record.subject.sha256 if signed else asked.measured(version, passed),
        policy=passed.policy_name,
        rubrics=frozenset(
            task.rubric
            for task in (passed.policy.plan.offline or {}).values()
            if isinstance(task, PairsTask)
        ),
    )
    _check_endpoint(found, endpoint, asked)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Questions about one admission; each is refused with the judge's name and a way on."""

    judge: str
    alias: str
    services: Services
    asks: bool

    @property
    def model(self) -> str:
        return self.alias.partition("@")[0]

    @property
    def name(self) -> str:
        return self.alias.partition("@")[2]

    def refuse(
        self, why: str, *, version: Version | None = None, policy: str = "", lost: bool = False
    ) -> Never:
        """Refuses; of a version that is lost for good, another one is what helps."""
        section = self.services.workspace.models.get(self.model)
        known = policy or (section.policies.get(self.name, "") if section else "")
        which = f"{self.model}/{version.version if version and not lost else 'VERSION'}"
        run = f"gate run {known or 'POLICY'} {which}, then gate promote {which} --to {self.name}"
        new = f"register another judge as a new VERSION (gate register {self.model}), "
        raise Broken(
            f"judge {self.judge} is not admitted as {self.alias}",
            why=f"{why}; {new if lost else ''}{run}",
            fix="or take `admitted` of the endpoint out of gate.toml: it then judges unmeasured",
        )

    def signed(self, version: Version) -> Kept | None:
        """The record of the PASS that gave the alias to the version; None where nobody signs."""
        if self.services.custody is None:
            return None
        chain = self.services.custody.at_hand(self.model)
        serving = chain.serving(self.name)
        if serving is None or serving.record.subject.name != version.uri:
            self.refuse(f"no record says that `{self.name}` is {version.uri}", version=version)
        earned = chain.last_earned(self.name, version.uri)
        if earned is None or not isinstance(earned.record.body, Promotion):
            self.refuse(f"{version.uri} was given the alias without a PASS", version=version)
        if chain.revoked(serving.record.subject) is not None:
            self.refuse(f"{version.uri} is revoked", version=version, lost=True)
        return self._decision(chain, earned, version)

    def _decision(self, chain: Chain, earned: Kept, version: Version) -> Kept:
        """The newest decision under the policy that it was promoted by."""
        body = earned.record.body
        assert isinstance(body, Promotion)
        first = chain.by_digest(body.decision) if body.decision else None
        if first is None or not isinstance(first.record.body, Decision):
            self.refuse(f"the decision that gave {version.uri} the alias is gone", version=version)
        policy = first.record.body.policy
        newest = chain.newest_decision(first.record.subject, policy)
        if newest is None or not isinstance(newest.record.body, Decision):
            self.refuse(f"no decision on {version.uri} counts", version=version, policy=policy)
        if newest.record.body.verdict is not Verdict.PASS:
            said = newest.record.body
            self.refuse(
                f"the newest decision on {version.uri} is {said.verdict}: {said.reason}",
                version=version,
                policy=policy,
                lost=said.verdict is Verdict.FAIL,
            )
        return newest

    def passed(self, version: Version, signed: Kept | None) -> Decided:
        """The ledger's page of the PASS, with the policy, which must be a judge's."""
        history = self.services.ledger.history(version)
        of_judges = [d for d in history if d.policy.kind is Kind.JUDGE]
        if signed is not None:
            body = signed.record.body
            assert isinstance(body, Decision)
            of_judges = [d for d in of_judges if d.policy.sha256 == body.policy_sha256]
        if not of_judges:
            self.refuse(f"{version.uri} passed no policy of kind `judge`", version=version)
        newest = of_judges[0]
        if newest.decision.verdict is not Verdict.PASS:
            self.refuse(
                f"the newest decision on {version.uri} is {newest.decision.verdict}",
                version=version,
                policy=newest.policy_name,
                lost=newest.decision.verdict is Verdict.FAIL,
            )
        return newest

    def measured(self, version: Version, passed: Decided) -> str:
        """Digest of the checkpoint that the evidence is about, where nobody signed it."""
        evidence = self.services.ledger.stored(passed).evidence.get(version.uri, {})
        if StageName.OFFLINE not in evidence:
            self.refuse(f"the evidence on {version.uri} is gone", version=version)
        return evidence[StageName.OFFLINE].provenance.candidate


def _check_endpoint(found: Admission, endpoint: EndpointSettings, asked: _Asked) -> None:
    """Returns when the endpoint is, and serves, what was measured."""
    client, version = chat_client(endpoint), found.version
    try:
        if sha256_of(identity_of(version, client)) != found.digest:
            asked.refuse(
                f"its endpoint ({described(endpoint)}) is not what was measured as {version.uri}",
                version=version,
                policy=found.policy,
            )
        subject = Subject(
            uri=version.uri, known_as=version.known_as, digest=found.digest, client=client
        )
        state, stream = asked.services.state, identity_stream(subject)
        if (drift := drifted(state, stream)) is not None:
            asked.refuse(drift.reason, version=version, policy=found.policy)
        if first_served(client, state=state, stream=stream) is None:
            why = "nothing is known here of what it served when it was measured"
            asked.refuse(why, version=version, policy=found.policy)
        now = check_identity if asked.asks else changed_since
        changed = now(client, state=state, stream=stream)
        if changed is not None:
            asked.refuse(changed.reason, version=version, policy=found.policy)
    finally:
        client.close()
