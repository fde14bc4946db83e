"""A request while it is written: its parts as typed, and what the rules say of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.http import QueryDict

from governance import kinds
from governance.actors import Actor
from governance.errors import NotAllowed, NotFound, Problem
from governance.forms import ItemForm, RequestForm, form_of
from governance.kinds import DiffRow, Effect, Step
from governance.models import Item, Request
from governance.permissions import role_in_words
from governance.policy.routing import Need
from governance.services.items import NewItem
from governance.services.requests import Preview, preview
from governance.views.findings import Said, of_problem, of_verdict

MOST_PARTS = 20
MOST_STEPS = 12
WAIVER = "waiver:grant"  # the code of its part


@dataclass(slots=True)
class Part:
    """One item of the request: its form, whether it counts, and what was found."""

    form: ItemForm
    optional: bool = False
    on: bool = True
    item: NewItem = field(init=False)
    says: dict[str, list[Said]] = field(default_factory=dict)
    rows: Sequence[DiffRow] = ()
    effects: Sequence[Effect] = ()

    @property
    def code(self) -> str:
        """What the hidden field of the page says about it: kind and operation."""
        return f"{self.form.kind}:{self.form.operation}"

    @property
    def heading(self) -> str:
        """The title of its box."""
        return self.form.title

    @property
    def lines(self) -> list[tuple[object, list[Said]]]:
        """Each control with what is said about it."""
        return [(bound, self.says.get(bound.name, [])) for bound in self.form]

    @property
    def general(self) -> list[Said]:
        """What is said about the item as a whole."""
        return self.says.get("", [])

    @property
    def changes(self) -> list[DiffRow]:
        """The lines of the difference that differ."""
        return [row for row in self.rows if row.changed]


@dataclass(slots=True)
class Composer:
    """A request while it is written."""

    form: RequestForm
    parts: list[Part]
    request: Request | None = None
    revision: int = 0
    checked: bool = False
    unfinished: bool = False  # something is still empty that is not complained about yet
    problems: Sequence[Said] = ()
    needs: Sequence[Need] = ()
    steps: Sequence[Step] = ()
    failure: str = ""
    unreadable: bool = False
    refused: bool = False

    @property
    def included(self) -> list[Part]:
        """The parts that count."""
        return [part for part in self.parts if part.on]

    @property
    def heading(self) -> str:
        """What the page of a new request is called."""
        first = self.parts[0].form
        return first.heading or "New request"

    @property
    def lacking(self) -> list[str]:
        """What must be there before this can be asked for, in words."""
        return [part.form.lacking for part in self.parts if not part.optional and part.form.lacking]

    @property
    def codes(self) -> str:
        """The hidden field that says which parts the page has."""
        return ",".join(part.code for part in self.parts)

    @property
    def agreers(self) -> list[tuple[str, str, Need]]:
        """Who must agree, in words, and why."""
        return [(role_in_words(need.role), need.reason, need) for need in self.needs]

    def follow(self) -> None:
        """Reads every part, each beside those before it."""
        items: list[NewItem] = []
        for part in self.parts:
            part.form.is_valid()  # fills cleaned_data; what it says stands beside the field
            part.item = part.form.new_item(part.form.followed(items))
            items.append(part.item)

    def check(self, actor: Actor, *, complete: bool) -> None:
        """Asks the rules. While it is still being typed (`complete` False), nothing is said about
        fields that are empty."""
        form_ok = self.form.is_valid()
        self.follow()
        if "team" not in self.form.cleaned_data:
            self.unreadable = True
            return
        try:
            found = preview(
                [part.item for part in self.included],
                team=self.form.cleaned_data["team"],
                by=actor,
                request_id=self.request.pk if self.request else 0,
            )
        except NotAllowed as error:
            self.failure, self.unreadable = error.message, True
            return
        self._take(found, complete=complete)
        contradicted = self._contradicted()
        self.unreadable = not form_ok or contradicted or len(found.items) < len(self.included)

    def _contradicted(self) -> bool:
        """Says where two controls of a part say different things; whether any do."""
        found = [(part, p) for part in self.included for p in part.form.contradictions()]
        for part, problem in found:
            _say(part, of_problem(problem))
        return bool(found)

    def _take(self, found: Preview, *, complete: bool) -> None:
        self.checked = True
        self.steps = found.steps[:MOST_STEPS]
        examination = found.examination
        if examination is not None:
            self.needs = examination.needs
        refusals = [*found.problems, *(examination.refusals if examination else ())]
        self.refused = bool(refusals)
        general = []
        for problem in found.problems:
            part = self._part(problem.position)
            if part is None:
                general.append(of_problem(problem))
            elif complete or _typed(part, problem):
                _say(part, of_problem(problem))
            else:
                self.unfinished = True
        self.problems = general
        for position, verdicts in (examination.verdicts if examination else {}).items():
            part = self._part(position)
            for verdict in verdicts if part else ():
                _say(part, of_verdict(verdict))
            if part is not None:
                part.rows = found.rows.get(position, ())
                part.effects = found.effects.get(position, ())

    def _part(self, position: int) -> Part | None:
        included = self.included
        return included[position] if 0 <= position < len(included) else None


def _say(part: Part | None, said: Said) -> None:
    if part is None or (said.passed and not said.waived and not part.form.field_of(said.path)):
        return
    name = part.form.field_of(said.path)
    if said.waive:
        said = replace(said, waive=f"{part.form.position}:{said.waive}")
    if said.refuses and name:
        part.form.fields[name].widget.attrs["aria-invalid"] = "true"
    place = part.says.setdefault(name, [])
    # A hard rule and a policy may say the same of a value; once is enough.
    if all(other.message != said.message or other.policy != said.policy for other in place):
        place.append(said)


def _typed(part: Part, problem: Problem) -> bool:
    name = part.form.field_of(problem.path)
    return not name or bool(part.form[name].value())


# --- Where parts come from --------------------------------------------------------------------


def companions(kind_name: str, query: Mapping[str, str]) -> list[Part]:
    """A new thing of that kind, and an optional part for each kind that may come with it."""
    parts = _start(kind_name, query, 0, optional=False)
    for other in kinds.every():
        if parts and kind_name in other.depends_on:
            parts += _start(other.name, {}, len(parts), optional=True)
    return parts


def _start(
    kind_name: str, query: Mapping[str, str], position: int, *, optional: bool
) -> list[Part]:
    form_class = form_of(kind_name)
    if form_class is None:
        return []
    operation = query.get("operation", "")
    if operation not in kinds.get(kind_name).operations:
        operation = _first_operation(kind_name)
    initial: dict[str, object] = {k: query[k] for k in form_class.asked_by if k in query}
    current = kinds.get(kind_name).current(query.get("place", ""), query.get("name", ""))
    if current is not None and current.declared is not None:
        place, name = query.get("place", ""), query.get("name", "")
        initial = form_class.initial_of(place, name, current.declared)
    form = form_class(operation=operation, position=position, initial=initial)
    return [Part(form, optional=optional, on=not optional)]


def _first_operation(kind_name: str) -> str:
    """How a thing of this kind begins: "create" where there is one."""
    operations = kinds.get(kind_name).operations
    return next((one for one in _BEGIN if one in operations), min(operations))


_BEGIN = ("create", "grant")


def change(
    kind_name: str, place: str, name: str, *, operation: str = "alter", applied: bool = False
) -> list[Part]:
    """A change of what is declared under that name, with its values filled in: those declared, or
    with `applied` those that were applied last. Raises NotFound where there is nothing to change,
    or no such change."""
    if operation not in kinds.get(kind_name).operations:
        raise NotFound(f"There is no {operation!r} for what you want to change.")
    form_class = form_of(kind_name)
    current = kinds.get(kind_name).current(place, name) if form_class else None
    if form_class is None or current is None or current.declared is None:
        raise NotFound(
            f"Nothing is declared under the name {name} on {place}, so there is nothing to change. "
            "Ask for it as a new one."
        )
    spec = (current.applied if applied else None) or current.declared
    initial = form_class.initial_of(place, name, spec)
    return [Part(form_class(operation=operation, position=0, initial=initial))]


def parts_of_items(items: Iterable[Item]) -> list[Part]:
    """The items of a request that is edited."""
    parts = []
    for position, item in enumerate(items):
        form_class = form_of(item.kind)
        if form_class is None or position >= MOST_PARTS:
            raise NotFound("This request was written by a program; edit it through the API.")
        initial = form_class.initial_of(item.place, item.name, item.after)
        form = form_class(operation=item.operation, position=position, initial=initial)
        parts.append(Part(form))
    return parts


def parts_of_post(post: QueryDict) -> list[Part]:
    """The parts that the page said it has, with what was typed into them."""
    parts = []
    for position, code in enumerate(post.get("parts", "").split(",")[:MOST_PARTS]):
        kind_name, _, operation = code.partition(":")
        form_class = form_of(kind_name)
        if form_class is None:
            continue
        form = form_class(post, operation=operation, position=position)
        optional = f"optional-{position}" in post
        parts.append(Part(form, optional=optional, on=not optional or f"on-{position}" in post))
    return parts


def with_waiver(post: QueryDict, position: int, policy: str) -> QueryDict:
    """What was typed, with one part more: it asks that the policy be waived for what the part at
    that position asks for. One that is there already counts again."""
    codes = post.get("parts", "").split(",")
    wanted = {"about": str(position), "policy": policy}
    asked = {
        number: {name: post.get(f"i{number}-{name}") for name in wanted}
        for number, code in enumerate(codes)
        if code == WAIVER
    }
    added = post.copy()
    if wanted in asked.values():
        number = next(number for number, one in asked.items() if one == wanted)
        added[f"on-{number}"] = "1"
        return added
    if not 0 <= position < len(codes) < MOST_PARTS:
        return post
    number = len(codes)
    added["parts"] = ",".join([*codes, WAIVER])
    added[f"optional-{number}"] = added[f"on-{number}"] = "1"
    for name, value in wanted.items():
        added[f"i{number}-{name}"] = value
    return added
