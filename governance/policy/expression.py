"""CEL expressions: read once, bounded, and run on facts.

Whoever may write policies could otherwise stop the product with one line, so an expression is
refused when it is written if it is long, deep, nests comprehensions, or calls what is not in the
list; and it runs for a bounded number of steps. Steps rather than seconds: the same facts give the
same verdict on a busy machine.

The library (cel-python) differs from the language in two ways that matter to policies and are set
right here: comparing a number with null is an error there (the language says: not equal), and it
knows no `is_unknown`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import celpy
import re2  # type: ignore[import-untyped]  # the library carries no types
from celpy import celtypes
from celpy.celparser import CELParseError
from celpy.evaluation import Activation, CELEvalError, Evaluator, base_functions
from lark import Token, Tree

from governance.policy import quick
from governance.policy.errors import EvaluationFailed, WrongExpression
from governance.policy.facts import UNKNOWN, Facts, resolve
from governance.policy.quick import Quick, Unsure

MAX_LENGTH = 2_000
MAX_NODES = 3_000
MAX_BRACKETS = 20
MAX_DEPTH = 300
MAX_COMPREHENSIONS = 2  # one within another
MAX_STEPS = 50_000  # about a second
MAX_ELEMENTS = 10_000  # of a list or map given as a fact
_REMEMBERED = 4_096

MACROS = frozenset({"all", "exists", "exists_one", "filter"})
METHODS = frozenset({"contains", "endsWith", "matches", "size", "startsWith"})
FUNCTIONS = frozenset({"double", "has", "int", "is_unknown", "matches", "size", "string"})
_GUARDS = frozenset({"has", "is_unknown"})

Path = tuple[str, ...]
Node = Tree[Token]


class _TooManySteps(Exception):
    """Not one of the errors that CEL's own && and || would swallow."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an expression reads: `paths` of facts, and those that stand in has() or is_unknown()."""

    paths: frozenset[Path]
    guarded: frozenset[Path]


# One environment, since making one costs milliseconds. Making it also raises Python's recursion
# limit to 2,500 (cel-python does), which the bounds above stay well below.
_ENVIRONMENT = celpy.Environment()
_PARSING = threading.Lock()  # its parser keeps the text being parsed in an attribute


@dataclass(slots=True)
class Program:
    """A compiled expression. Answers are remembered by the facts that it reads."""

    text: str
    tree: Node
    reads: Reading
    quick: Quick | None = None  # the same, compiled, where its form allows that
    _answers: dict[object, bool] = field(default_factory=dict)
    _paths: tuple[tuple[Path, str], ...] = ()

    def __post_init__(self) -> None:
        self._paths = tuple((path, ".".join(path)) for path in sorted(self.reads.paths))

    def holds(self, facts: Facts) -> bool:
        """Whether the expression is true of these facts.

        Raises EvaluationFailed when it gives no yes or no: an error, too many steps, or an unknown
        fact that decides. An unknown fact that cannot change the answer does no harm, as in CEL.
        """
        if self.quick is not None and (quick := self._quickly(self.quick, facts)) is not None:
            return quick
        found = [(path, *resolve(facts, path)) for path, _ in self._paths]
        key = tuple((name, _frozen(value)) for _, name, value in found)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._run({name: value for _, name, value in found}, found)
            if len(self._answers) < _REMEMBERED:
                self._answers[key] = answer
        return answer

    def _quickly(self, quick: Quick, facts: Facts) -> bool | None:
        """The answer where it is beyond doubt. Members of facts that are maps are not."""
        values: dict[Path, object] = {}
        for path, name in self._paths:
            value = facts.get(name, UNKNOWN)
            if value is not UNKNOWN:
                values[path] = value
            elif resolve(facts, path)[1] is not UNKNOWN:
                return None
        try:
            return quick.holds(values)
        except Unsure:
            return None

    def _run(self, values: Mapping[str, object], found: list[tuple[Path, str, object]]) -> bool:
        context = _context(self.reads.paths, values)
        unknown = tuple(
            name
            for path, name, value in found
            if value is UNKNOWN and path not in self.reads.guarded
        )
        stepper = _Stepper(self.tree, Activation(functions=_FUNCTIONS), [MAX_STEPS])
        try:
            value = stepper.evaluate(context)
        except _TooManySteps:
            raise EvaluationFailed(f"it takes more than {MAX_STEPS:,} steps") from None
        except CELEvalError as error:
            raise EvaluationFailed(_in_words(error), unknown) from error
        except Exception as error:  # whatever the library trips over is no yes
            raise EvaluationFailed(f"{type(error).__name__} in the evaluation", unknown) from error
        if not isinstance(value, celtypes.BoolType):
            raise EvaluationFailed("it gives neither true nor false")
        return bool(value)


@lru_cache(maxsize=1_024)
def compiled(text: str) -> Program:
    """The program of an expression. Raises WrongExpression with one sentence that says why."""
    _check_text(text)
    with _PARSING:
        try:
            tree = _ENVIRONMENT.compile(text)
        except CELParseError as error:
            raise WrongExpression(_where(text, error)) from error
        except RecursionError as error:
            raise WrongExpression("It is nested too deeply. Split it into two policies.") from error
    _check_size(tree)
    reader = _Reader()
    reader.read(tree, frozenset(), 0)
    reading = Reading(frozenset(reader.paths), frozenset(reader.guarded))
    return Program(text, tree, reading, quick.compiled(tree, _path))


# --- Running ----------------------------------------------------------------------------------


class _Stepper(Evaluator):
    """cel-python's evaluator, counting each visited node down from a budget shared by all parts."""

    def __init__(self, ast: Node, activation: Activation, budget: list[int]) -> None:
        super().__init__(ast, activation)
        self.budget = budget

    def sub_evaluator(self, ast: Node) -> Evaluator:
        return _Stepper(ast, self.activation, self.budget)

    def visit(self, tree: Any) -> Any:
        self._spend(1)
        return super().visit(tree)

    def visit_children(self, tree: Node) -> list[Any]:
        self._spend(len(tree.children))
        return super().visit_children(tree)

    def _spend(self, steps: int) -> None:
        self.budget[0] -= steps
        if self.budget[0] < 0:
            raise _TooManySteps

    def primary(self, tree: Node) -> Any:
        call = tree.children[0]
        if isinstance(call, Tree) and call.data == "ident_arg" and call.children[0] == "is_unknown":
            arguments = call.children[1]
            assert isinstance(arguments, Tree)  # noqa: S101  # the reader let nothing else pass
            return celtypes.BoolType(not self.macro_has_eval(arguments))
        return super().primary(tree)


def _null_aware(name: str, *, equal: bool) -> Callable[[Any, Any], Any]:
    """== and != as the language has them: nothing but null equals null."""
    plain = base_functions[name]

    def compare(left: Any, right: Any) -> Any:
        if isinstance(left, CELEvalError) or isinstance(right, CELEvalError):
            return plain(left, right)
        if left is None or right is None:
            return celtypes.BoolType((left is right) is equal)
        return plain(left, right)

    compare.__name__ = name
    return compare


def _added(left: Any, right: Any) -> Any:
    """+; of two texts the library makes one that knows no `contains`."""
    found = base_functions["_+_"](left, right)
    return celtypes.StringType(found) if type(found) is str else found


_FUNCTIONS: dict[str, Any] = {
    "_+_": _added,
    "_==_": _null_aware("_==_", equal=True),
    "_!=_": _null_aware("_!=_", equal=False),
}


def _context(paths: frozenset[Path], values: Mapping[str, object]) -> dict[str, Any]:
    """Facts as nested CEL maps. Each root is there, so that a missing member is just missing."""
    context: dict[str, Any] = {path[0]: celtypes.MapType() for path in paths}
    for name in sorted(values):
        if values[name] is UNKNOWN:
            continue
        *parents, last = name.split(".")
        inner = context
        for parent in parents:
            inner = inner.setdefault(celtypes.StringType(parent), celtypes.MapType())
        inner[celtypes.StringType(last) if parents else last] = _to_cel(name, values[name])
    return context


def _to_cel(name: str, value: object) -> Any:
    match value:
        case None:
            return None
        case bool():
            return celtypes.BoolType(value)
        case int():
            return _int64(name, value)
        case float():
            return celtypes.DoubleType(value)
        case str():
            return celtypes.StringType(value)
        case Mapping():
            _bounded(name, len(value))
            return celtypes.MapType(
                {celtypes.StringType(key): _to_cel(name, entry) for key, entry in value.items()}
            )
        case list() | tuple() | set() | frozenset():
            _bounded(name, len(value))
            entries = value if isinstance(value, list | tuple) else sorted(value, key=str)
            return celtypes.ListType([_to_cel(name, entry) for entry in entries])
    raise EvaluationFailed(f"{name} is a {type(value).__name__}, which policies cannot read")


def _int64(name: str, value: int) -> celtypes.IntType:
    if not -(2**63) <= value < 2**63:
        raise EvaluationFailed(f"{name} is a number out of range")
    return celtypes.IntType(value)


def _bounded(name: str, length: int) -> None:
    if length > MAX_ELEMENTS:
        raise EvaluationFailed(f"{name} has more than {MAX_ELEMENTS:,} entries")


def _frozen(value: object) -> object:
    """A key that tells apart what CEL tells apart: 1 from true, too."""
    match value:
        case Mapping():
            return "map", tuple(sorted((str(key), _frozen(entry)) for key, entry in value.items()))
        case list() | tuple():
            return "list", tuple(_frozen(entry) for entry in value)
        case set() | frozenset():
            return "set", frozenset(_frozen(entry) for entry in value)
    return type(value).__name__, value


def _in_words(error: CELEvalError) -> str:
    cause = error.args[1] if len(error.args) > 1 else None
    if isinstance(cause, type):
        for kind, words in _CAUSES:
            if issubclass(cause, kind):
                return words
    return "it could not be computed"


_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (ZeroDivisionError, "it divides by zero"),
    (KeyError, "it reads something that is not there"),
    (IndexError, "it reads past the end of a list"),
    (re2.error, "its pattern cannot be read"),
    (TypeError, "it compares or combines values of different types"),
    (ValueError, "a number in it is out of range"),
)


# --- Reading ----------------------------------------------------------------------------------


def _check_text(text: str) -> None:
    if not text.strip():
        raise WrongExpression("It is empty. Write a condition that is true when all is well.")
    if len(text) > MAX_LENGTH:
        raise WrongExpression(
            f"It has {len(text):,} characters, {MAX_LENGTH:,} at most. Split it into two policies."
        )
    depth = deepest = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        deepest = max(deepest, depth)
    # Counted before parsing, brackets in texts included: the parser itself is not bounded.
    if deepest > MAX_BRACKETS:
        raise WrongExpression(
            f"Its brackets are nested {deepest} deep, {MAX_BRACKETS} at most. Simplify it."
        )


def _check_size(tree: Node) -> None:
    count, deepest, waiting = 0, 0, [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        count, deepest = count + 1, max(deepest, depth)
        waiting += [(child, depth + 1) for child in node.children if isinstance(child, Tree)]
    if count > MAX_NODES or deepest > MAX_DEPTH:
        raise WrongExpression("It is too large or nested too deeply. Split it into two policies.")


class _Reader:
    """Walks an expression once: which facts it reads, and whether it uses only what may be used."""

    def __init__(self) -> None:
        self.paths: set[Path] = set()
        self.guarded: set[Path] = set()

    def read(self, node: Node, bound: frozenset[str], within: int) -> None:
        path = _path(node)
        if path is not None:
            if path[0] not in bound:
                self._add(path)
            return
        match node.data:
            case "member_object" | "dot_ident_arg":
                raise WrongExpression("It builds an object, which policies cannot.")
            case "member_dot_arg":
                self._method(node, bound, within)
            case "ident_arg":
                self._function(node, bound, within)
            case _:
                for child in _trees(node):
                    self.read(child, bound, within)

    def _add(self, path: Path) -> None:
        if len(path) < 2:
            raise WrongExpression(
                f"“{path[0]}” is no fact: names of facts have a dot, as in topic.partitions."
            )
        self.paths.add(path)

    def _method(self, node: Node, bound: frozenset[str], within: int) -> None:
        target, name, *rest = node.children
        arguments = _arguments(rest)
        assert isinstance(target, Tree)  # noqa: S101  # so the grammar has it
        self.read(target, bound, within)
        if name in MACROS:
            self._comprehension(str(name), arguments, bound, within)
            return
        if name not in METHODS:
            raise WrongExpression(_not_allowed(f".{name}()"))
        if name == "matches":
            _check_pattern(arguments[0] if len(arguments) == 1 else None)
        for argument in arguments:
            self.read(argument, bound, within)

    def _comprehension(
        self, name: str, arguments: list[Node], bound: frozenset[str], within: int
    ) -> None:
        if within + 1 > MAX_COMPREHENSIONS:
            raise WrongExpression(
                f"Its comprehensions are nested more than {MAX_COMPREHENSIONS} deep. Simplify it."
            )
        variable = _path(arguments[0]) if len(arguments) == 2 else None
        if variable is None or len(variable) != 1:
            raise WrongExpression(
                f".{name}() takes a name and a condition, as in list.{name}(x, x > 0)."
            )
        self.read(arguments[1], bound | {variable[0]}, within + 1)

    def _function(self, node: Node, bound: frozenset[str], within: int) -> None:
        name, arguments = node.children[0], _arguments(node.children[1:])
        if name not in FUNCTIONS:
            raise WrongExpression(_not_allowed(f"{name}()"))
        if name in _GUARDS:
            path = _path(arguments[0]) if len(arguments) == 1 else None
            if path is None or len(path) < 2:
                raise WrongExpression(f"{name}() takes one fact, as in {name}(topic.partitions).")
            if path[0] not in bound:
                self._add(path)
                self.guarded.add(path)
            return
        if name == "matches":
            _check_pattern(arguments[1] if len(arguments) == 2 else None)
        for argument in arguments:
            self.read(argument, bound, within)


def _path(node: Node) -> Path | None:
    """("topic", "partitions") for ``topic.partitions``; None for anything else."""
    while len(node.children) == 1 and isinstance(node.children[0], Tree):
        if node.data in ("list_lit", "map_lit", "ident_arg", "exprlist"):
            return None
        node = node.children[0]
    match node.data, node.children:
        case ("ident" | "dot_ident", [name]):
            return (str(name),)
        case ("member_dot", [Tree() as inner, name]):
            before = _path(inner)
            return None if before is None else (*before, str(name))
    return None


def _trees(node: Node) -> Iterator[Node]:
    return (child for child in node.children if isinstance(child, Tree))


def _arguments(rest: list[Any]) -> list[Node]:
    return [argument for part in rest if isinstance(part, Tree) for argument in _trees(part)]


def _check_pattern(argument: Node | None) -> None:
    """A pattern is written out, so that it can be tried here. RE2 runs in linear time."""
    text = _literal(argument) if argument is not None else None
    if text is None:
        raise WrongExpression('matches() takes one pattern in quotes, as in .matches("^[a-z]+$").')
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        said = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise WrongExpression(f"Its pattern “{text[:80]}” cannot be read: {said}.") from error


def _literal(node: Node) -> str | None:
    while len(node.children) == 1 and isinstance(node.children[0], Tree):
        node = node.children[0]
    if node.data != "literal" or not isinstance(node.children[0], Token):
        return None
    token = node.children[0]
    if token.type not in ("STRING_LIT", "MLSTRING_LIT"):
        return None
    value = Evaluator(node, Activation()).evaluate()
    return str(value)


def _not_allowed(call: str) -> str:
    listed = ", ".join(sorted(FUNCTIONS | METHODS | MACROS))
    return f"{call} is not among what policies may call: {listed}."


def _where(text: str, error: CELParseError) -> str:
    line, column = getattr(error, "line", None), getattr(error, "column", None)
    if not line or not column or column < 0:
        return "It cannot be read as an expression: it ends too early."
    return f"It cannot be read as an expression at line {line}, column {column}."
