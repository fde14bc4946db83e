"""How a subject takes part in requests: one operation, which registers a version.

In the registry declared is applied: `declare` only says whose the subject is, `apply` calls the
same `register()` as the wire does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final

from django.db import OperationalError

from governance import kinds
from governance.actors import Actor
from governance.errors import Problem
from governance.facts import provide, readers_of
from governance.kinds import (
    ApplyRun,
    Current,
    DiffRow,
    ItemView,
    Json,
    Outcome,
    OutcomeState,
    Risk,
    Step,
    Undone,
)
from governance.models import Environment, Team
from governance.policy.facts import Fact, FactType, declare, of_change
from registry import (
    candidates,
    difference,
    estate,
    known,
    lookup,
    naming,
    owners,
    personal,
    rights,
    settings,
    store,
)
from registry.addresses import subject_url
from registry.changes import Origin
from registry.compatibility import Level
from registry.errors import RegistryError
from registry.known import Situation, subject_of
from registry.naming import SubjectName
from registry.rights import Right
from registry.spec import SubjectSpec, from_json, parse

FACTS: Final = (
    Fact("subject.name", FactType.TEXT, "name of the subject"),
    Fact("subject.context", FactType.TEXT, "context it lies in"),
    Fact("subject.exists", FactType.FLAG, "whether it has a version already"),
    Fact("subject.versions", FactType.COUNT, "live versions it has"),
    Fact("subject.type", FactType.TEXT, "format of the schema: AVRO, JSON or PROTOBUF"),
    Fact("subject.compatibility", FactType.TEXT, "level that the new version must meet"),
    Fact("subject.compatibility_before", FactType.TEXT, "level in force until now"),
    Fact("subject.compatible", FactType.FLAG, "whether it meets that level"),
    Fact("subject.unchanged", FactType.FLAG, "whether a version has this content already"),
    Fact("subject.changes", FactType.LIST, "what changes, in words"),
    Fact("subject.tags", FactType.LIST, "tags that parts of the schema carry"),
    Fact("subject.personal_fields", FactType.LIST, "fields that are tagged as personal data"),
    Fact("subject.data_class", FactType.TEXT, "data class of its topic: none, internal, …"),
    Fact("subject.breaks", FactType.LIST, "directions that a change breaks: BACKWARD, FORWARD"),
    Fact("subject.loosens", FactType.FLAG, "whether it lowers the level that versions must meet"),
    Fact("consumers.teams", FactType.LIST, "teams that read the topics it describes"),
)


class SubjectKind:
    """Subjects: new versions, and the level they must meet."""

    name = "subject"
    title = "Subject"
    operations = frozenset({"register"})
    depends_on = frozenset({"topic"})

    def parse(
        self, operation: str, name: str, place: str, after: Json
    ) -> tuple[Json, list[Problem]]:
        """The spec in its normal form. What the schema itself violates is found here."""
        spec, problems = parse(after)
        try:
            naming.ensure_valid(subject_of(place, name))
        except RegistryError as error:
            problems.append(Problem("name", error.message, "Choose another name.", rule="name"))
        if name.startswith(":"):
            problems.append(
                Problem(
                    "name",
                    f"{name[:80]!r} names a context of its own; the place says which one it is.",
                    "Write the subject's name alone.",
                    rule="name",
                )
            )
        if not name.strip():
            problems.append(
                Problem("name", "The subject has no name.", "Name it after its topic, with -value.")
            )
        if not problems:
            problems += _readable(subject_of(place, name), spec)
        return spec.as_json(), problems

    def places(self) -> list[tuple[str, str, str]]:
        """The contexts of the environments; one that several share counts to the last of them,
        which by their order is the strictest."""
        rows = Environment.objects.order_by("position", "slug")
        return [
            (context, f"{name} ({context})", slug)
            for context, name, slug in rows.values_list("registry_context", "name", "slug")
        ]

    def current(self, place: str, name: str) -> Current | None:
        """The latest version; what is declared is what is there."""
        environment = known.environment(place)
        subject = subject_of(place, name)
        latest = known.latest(subject)
        owner = known.belonging(subject).owner
        if environment is None and latest is None:
            return None
        spec = None if latest is None else SubjectSpec.of(latest).as_json()
        return Current(
            declared=spec,
            generation=0 if latest is None else latest.version,
            observed=spec,
            owner=owner.team if owner else "",
            environment=environment.slug if environment else "",
        )

    def check(self, item: ItemView) -> list[Problem]:
        """What no approval can lift: another team's subject, the mode, the level."""
        found = known.situation(item)
        problems = _ownership(item) + _mode(found)
        verdict = found.verdict
        if verdict is not None and not verdict.compatible:
            said = "; ".join(verdict.words)
            problems.append(
                Problem(
                    "schema",
                    f"It does not meet the level {found.level} of {found.subject} against "
                    f"version {verdict.against}: {said}.",
                    _way_out(found.level),
                    rule="compatibility",
                )
            )
        return problems

    def facts(self, item: ItemView) -> Json:
        """Facts for policies; those about content are absent where it cannot be read."""
        found = known.situation(item)
        live = found.held.live
        facts: dict[str, object] = {
            "subject.name": found.subject.name,
            "subject.context": found.subject.context,
            "subject.exists": bool(live),
            "subject.versions": len(live),
            "subject.type": found.spec.type,
            "subject.compatibility": found.level.value,
            "subject.compatibility_before": found.held.scope.level.value,
            "subject.unchanged": found.existing is not None,
            "subject.data_class": personal.class_asked(found.subject, item.classes_beside)
            or personal.data_classes([found.subject])[found.subject],
            "subject.loosens": bool(found.held.versions)
            and found.level.loosens(found.held.scope.level),
        }
        if found.tags is not None:
            facts |= personal.facts_of(found.tags)
        if found.verdict is not None:
            facts["subject.compatible"] = found.verdict.compatible
        if found.changes is not None:
            facts["subject.changes"] = [difference.in_words(c) for c in found.changes]
            facts["subject.breaks"] = sorted(found.breaks)
            facts |= _change_facts(facts)
        return facts

    def rows(self, item: ItemView) -> list[DiffRow]:
        """The difference by meaning, and the level where it is to change."""
        found = known.situation(item)
        rows = difference.rows(found.changes or [], is_new=not found.held.live)
        asked = found.spec.compatibility
        before = found.held.scope.level.value
        if asked is not None:
            rows.append(
                DiffRow(
                    path="compatibility",
                    label="Compatibility",
                    observed=before,
                    declared=before,
                    requested=asked,
                    source="subject" if _own_level(found) else "context",
                    note=_level_note(asked),
                    changed=asked != before,
                )
            )
        return rows

    def reading(self, targets: Iterable[tuple[str, str]]) -> AbstractContextManager[None]:
        """Compares schemas once for all that is asked of these subjects in the block."""
        return known.reading()

    def steps(self, items: Sequence[ItemView]) -> list[Step]:
        """Set the level, register the version."""
        steps: list[Step] = []
        for item in items:
            found = known.situation(item)
            target = str(found.subject)
            if found.spec.compatibility not in (None, _own_level(found)):
                text = f"Set compatibility to {found.spec.compatibility} on"
                steps.append(Step(text, target, position=item.position))
            if found.existing is not None:
                text = f"Nothing to register: version {found.existing} has this content"
            else:
                following = max((v.version for v in found.held.versions), default=0) + 1
                text = f"Register version {following} of"
            steps.append(Step(text, target, position=item.position))
        return steps

    def observe(self, place: str, names: Sequence[str]) -> None:
        """*Worker*: nothing to do, since these rows are what clients read."""

    def rehearse(self, place: str, items: Sequence[ItemView]) -> list[Problem]:
        """Nothing to ask: the rules of `check` are all that the registry refuses by."""
        return []

    def declare(self, items: Sequence[ItemView], *, by: Actor) -> None:
        """*Worker*: says whose subjects these are. Does nothing where somebody owns them."""
        teams = {team.slug: team for team in Team.objects.filter(slug__in={i.team for i in items})}
        for item in items:
            subject = subject_of(item.place, item.name)
            if item.team in teams and owners.owner_of(subject) is None:
                owners.claim(subject, teams[item.team])

    def apply(self, run: ApplyRun) -> None:
        """*Worker*: registers each item, and records each by itself."""
        for item in run.items:
            run.record({item.id: _apply(item, run)})

    def estate_facts(self, wanted: frozenset[str]) -> Iterator[tuple[ItemView, Json]]:
        """Every subject of the environments with the facts of its latest version."""
        return estate.estate_facts(wanted)

    def undo(self, item: ItemView, before: Json | None) -> Undone | Problem:
        """Registers the old content again, or says why that is not to be done."""
        return _undo(item, before)

    def production_of(self, resources: Collection[int]) -> str:
        """Where one of them was claimed in a context of production."""
        return owners.production_of(resources)

    def unclaimed(self, place: str, name: str) -> Problem | None:
        """Whether there is such a subject at all."""
        if lookup.find_version(subject_of(place, name), naming.LATEST) is not None:
            return None
        message = f"There is no subject {name[:80]} in {place}."
        return Problem("object", message, "Register a version: whoever asks first has it.")

    def claim(self, place: str, name: str, team: str, *, request_id: int) -> None:
        """*Worker*: makes the team the owner of a subject that nobody owns."""
        owners.claim(subject_of(place, name), Team.objects.get(slug=team))

    def url(self, place: str, name: str) -> str:
        """The subject's page."""
        return subject_url(subject_of(place, name))


def _change_facts(facts: Json) -> Json:
    """What breaks somebody, or lets it happen, disturbs; a version can be deleted again."""
    disturbs = facts["subject.breaks"] or facts["subject.loosens"]
    return of_change(Risk.DISRUPTIVE if disturbs else Risk.SAFE, irreversible=False)


def _undo(item: ItemView, before: Json | None) -> Undone | Problem:
    """Registers the old content again where it has no version any more and the level allows it."""
    if before is None:
        return _stays(
            f"{item.name} was new, and versions are not taken away by a request.",
            "Whoever may write the subject can delete the version through the registry.",
        )
    spec = from_json(before)
    found = known.situation(replace(item, after=spec.as_json()))
    if found.existing is not None and found.existing == _newest(found):
        return _stays(
            f"The old content is the latest version of {item.name} already, version "
            f"{found.existing}.",
            "There is nothing to take back.",
        )
    if found.existing is not None:
        return _stays(
            f"The old content of {item.name} is there still, as version {found.existing}, and the "
            "registry keeps one version a content.",
            f"Clients can use version {found.existing}; to make it the latest again, delete the "
            "later ones through the registry.",
        )
    if found.verdict is not None and not found.verdict.compatible:
        said = "; ".join(found.verdict.words)
        return _stays(
            f"The old content does not meet the level {found.level} of {item.name}: {said}.",
            _way_out(found.level),
        )
    asked = from_json(item.after).compatibility
    notes = () if asked is None else (f"The level stays {asked}: ask for another one beside it.",)
    return Undone("register", spec.as_json(), notes)


def _newest(found: Situation) -> int:
    return max((v.version for v in found.held.live), default=0)


def _stays(message: str, way_out: str) -> Problem:
    return Problem("schema", message, way_out, rule="undo")


def _readable(subject: SubjectName, spec: SubjectSpec) -> list[Problem]:
    try:
        candidates.candidate(subject, spec.asked(), normalize=False)
    except RegistryError as error:
        reason = getattr(error, "reason", error.message)
        return [
            Problem(
                "schema",
                f"The schema cannot be read as {spec.type}: {reason}",
                "Correct the schema; the registry would refuse it in the same words.",
                rule="schema",
            )
        ]
    return []


def _ownership(item: ItemView) -> list[Problem]:
    owner = known.belonging(subject_of(item.place, item.name)).owner
    if owner is None or not item.team or owner.team == item.team:
        return []
    if rights.team_has(item.team, Right.WRITE, subject_of(item.place, item.name)):
        return []
    return [
        Problem(
            "name",
            f"The subject {item.name} belongs to {owner.team}: {owner.why}",
            f"Ask {owner.team} to register it, or choose another subject.",
            rule="owner",
        )
    ]


def _mode(found: Situation) -> list[Problem]:
    mode = found.held.scope.mode
    if mode.value == "READWRITE":
        return []
    return [
        Problem(
            "name",
            f"{found.subject} is in mode {mode}, which takes no new version.",
            "Ask the platform team to set it to READWRITE first.",
            rule="mode",
        )
    ]


def _way_out(level: Level) -> str:
    if level in (Level.BACKWARD, Level.BACKWARD_TRANSITIVE):
        return (
            "Give new fields a default, and keep the types of old ones; or take a new subject for "
            "what cannot follow."
        )
    if level in (Level.FORWARD, Level.FORWARD_TRANSITIVE):
        return "Keep every field that has no default; or take a new subject."
    return "Add and remove only fields that have a default; or take a new subject."


def _own_level(found: Situation) -> str | None:
    """The level that the subject's own config sets, None where it takes that of its context."""
    if found.held.scope.config_from != (found.subject.context, found.subject.name):
        return None
    return found.held.scope.text("compatibilityLevel")


def _level_note(asked: str) -> str:
    if asked == Level.NONE.value:
        return "Nothing will be checked any more: readers may meet data that they cannot read."
    return ""


def _apply(item: ItemView, run: ApplyRun) -> Outcome:
    subject = subject_of(item.place, item.name)
    spec = from_json(item.after)
    origin = Origin(address=f"request #{run.request_id}", request_id=run.request_id or None)
    before = lookup.find_version(subject, naming.LATEST)
    image = None if before is None else {"version": before.version, "id": before.schema_id}
    try:
        changed = _bring_level(subject, spec, run.actor, origin)
        made = store.register(subject, spec.asked(), by=run.actor, origin=origin)
    except RegistryError as error:
        state = OutcomeState.RETRY if error.retryable else OutcomeState.FAILED
        return Outcome(state, error.message, {"error_code": error.code}, image)
    except OperationalError:
        return Outcome(OutcomeState.RETRY, "The registry's database did not answer.", {}, image)
    detail = {"version": made.version, "id": made.schema_id, "guid": made.guid}
    if not made.made:
        state = OutcomeState.APPLIED if changed else OutcomeState.UNCHANGED
        return Outcome(state, f"Version {made.version} had this content already.", detail, image)
    text = f"Registered as version {made.version} with id {made.schema_id}."
    return Outcome(OutcomeState.APPLIED, text, detail, image)


def _bring_level(subject: SubjectName, spec: SubjectSpec, by: Actor, origin: Origin) -> bool:
    """Set the level where it differs from the subject's own; whether it did."""
    if spec.compatibility is None:
        return False
    place = (subject.context, subject.name)
    own = lookup.configs([place]).get(place, {}).get("compatibilityLevel")
    if own == spec.compatibility:
        return False
    settings.set_config(subject, {"compatibility": spec.compatibility}, by=by, origin=origin)
    return True


def _consumers(item: ItemView) -> Json:
    """Teams that read the topics a subject describes, as far as somebody can say for all of them:
    of some only they would look like all."""
    if item.kind != "subject":
        return {}
    subject = subject_of(item.place, item.name)
    whose = known.belonging(subject)
    topics = {one.resource_name for one in whose.associations}
    if whose.naming and whose.naming.topic:
        topics.add(whose.naming.topic)
    found = [readers_of("topic", item.environment, topic) for topic in sorted(topics)]
    if not found or any(teams is None for teams in found):
        return {}
    return {"consumers.teams": sorted({team for teams in found for team in teams or ()})}


declare("subject", FACTS)
provide("registry.consumers", _consumers)
kinds.register(SubjectKind())
