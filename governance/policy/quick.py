"""The plain part of CEL, compiled to Python: a hundred times faster than walking the tree.

It answers only where the answer is beyond doubt: comparisons of texts, whole numbers, truths and
null with their like, `&&`, `||`, `!`, `?:`, `in`, and a few calls on texts. For everything else, an
unknown fact and an error above all, it raises `Unsure`, and the interpreter of
`governance.policy.expression` decides, whose every rule holds. So the two can never disagree; a
property of the tests says so. Trying a policy out on 50,000 topics needs this.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import re2  # type: ignore[import-untyped]  # the library carries no types
from celpy.celtypes import BoolType, IntType, StringType
from celpy.evaluation import Activation, CELEvalError, Evaluator
from lark import Token, Tree

Node = Tree[Token]
Path = tuple[str, ...]
Values = Mapping[Path, object]
Run = Callable[[Values], Any]

MOST_ENTRIES: Final = 1_000  # of a list; longer ones are the interpreter's
_INT64: Final = 2**63


class Unsure(Exception):
    """Only the interpreter can tell."""


class _Unsupported(Exception):
    """The expression holds something that is left to the interpreter."""


@dataclass(frozen=True, slots=True)
class Quick:
    """A compiled expression. `conditions` are facts used as truths: they must be such."""

    run: Run
    conditions: frozenset[Path]

    def holds(self, values: Values) -> bool:
        """Whether it is true of these values, by path. An unknown one is absent.

        Raises Unsure where the interpreter must be asked.
        """
        for path, value in values.items():
            if not _plain(value) or (path in self.conditions and type(value) is not bool):
                raise Unsure
        answer = self.run(values)
        if type(answer) is not bool:
            raise Unsure
        return answer


def compiled(tree: Node, path_of: Callable[[Node], Path | None]) -> Quick | None:
    """The quick form of a tree that the reader of expressions let pass; None where it has none."""
    compiler = _Compiler(path_of)
    try:
        run = compiler.compile(tree)
    except _Unsupported:
        return None
    return Quick(run, frozenset(compiler.conditions))


def _plain(value: object) -> bool:
    match value:
        case None | bool() | str():
            return True
        case int():
            return -_INT64 <= value < _INT64
        case list() | tuple():
            return len(value) <= MOST_ENTRIES and all(type(entry) is str for entry in value)
        case Mapping():
            return len(value) <= MOST_ENTRIES and all(
                type(key) is str and type(entry) is str for key, entry in value.items()
            )
    return False


_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "relation_lt": operator.lt,
    "relation_le": operator.le,
    "relation_gt": operator.gt,
    "relation_ge": operator.ge,
}
_SIMPLE: Final = (str, int, bool)
_METHODS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
}


class _Compiler:
    """Makes a function of each node, from the leaves up."""

    def __init__(self, path_of: Callable[[Node], Path | None]) -> None:
        self.path_of = path_of
        self.conditions: set[Path] = set()

    def compile(self, node: Node) -> Run:
        """The function of a node. Raises _Unsupported."""
        path = self.path_of(node)
        if path is not None:
            return _fact(path)
        name, parts = node.data, node.children
        if name == "expr" and len(parts) == 3:
            return self._choice(*parts)
        if len(parts) == 1 and name not in ("literal", "list_lit", "ident"):
            return self.compile(_tree(parts[0]))
        match name:
            case "literal":
                return _constant(_literal(node))
            case "list_lit":
                return self._list(node)
            case "conditionalor" | "conditionaland":
                return self._logic(name, *parts)
            case "relation":
                return self._relation(*parts)
            case "unary":
                return self._unary(*parts)
            case "addition":
                return self._joined(*parts)
            case "member_dot_arg":
                return self._method(*parts)
            case "member_index":
                return self._member(*parts)
            case "ident_arg":
                return self._function(*parts)
        raise _Unsupported

    def condition(self, node: Any) -> Run:
        """A node that is used as a truth. What is none by its form is the interpreter's."""
        tree = _tree(node)
        path = self.path_of(tree)
        if path is not None:
            self.conditions.add(path)
            return _fact(path)
        if not _is_truth(tree):
            raise _Unsupported
        return self.compile(tree)

    def _choice(self, condition: Any, yes: Any, no: Any) -> Run:
        asked, then, other = self.condition(condition), self.compile(yes), self.compile(no)
        return lambda values: then(values) if asked(values) else other(values)

    def _logic(self, name: str, left: Any, right: Any) -> Run:
        first, second = self.condition(left), self.condition(right)
        if name == "conditionalor":
            return lambda values: first(values) or second(values)
        return lambda values: first(values) and second(values)

    def _relation(self, comparison: Any, right: Any) -> Run:
        first, second = self.compile(_tree(comparison.children[0])), self.compile(_tree(right))
        name = comparison.data
        if name == "relation_in":
            return lambda values: _within(first(values), second(values))
        if name in ("relation_eq", "relation_ne"):
            wanted = name == "relation_eq"
            return lambda values: _equal(first(values), second(values)) is wanted
        compare = _ORDER[name]

        def ordered(values: Values) -> bool:
            one, other = first(values), second(values)
            if type(one) is type(other) and type(one) in (int, str):
                return compare(one, other)
            raise Unsure

        return ordered

    def _unary(self, sign: Any, part: Any) -> Run:
        if sign.data == "unary_not":
            asked = self.condition(part)
            return lambda values: not asked(values)
        if sign.data == "unary_neg":
            number = self.compile(_tree(part))
            return lambda values: -_whole(number(values))
        raise _Unsupported

    def _joined(self, first: Any, second: Any) -> Run:
        if first.data != "addition_add":
            raise _Unsupported
        left, right = self.compile(_tree(first.children[0])), self.compile(_tree(second))
        return lambda values: _text(left(values)) + _text(right(values))

    def _method(self, target: Any, name: Any, *rest: Any) -> Run:
        of = self.compile(_tree(target))
        arguments = [part for part in rest if isinstance(part, Tree)]
        if str(name) == "size" and not arguments:
            return lambda values: _size(of(values))
        if len(arguments) != 1 or len(arguments[0].children) != 1:
            raise _Unsupported
        argument = _tree(arguments[0].children[0])
        if str(name) == "matches":
            return _matches(of, argument)
        if (call := _METHODS.get(str(name))) is None:
            raise _Unsupported
        text = self.compile(argument)
        return lambda values: call(_text(of(values)), _text(text(values)))

    def _function(self, name: Any, *rest: Any) -> Run:
        arguments = [part for part in rest if isinstance(part, Tree)]
        if str(name) != "size" or len(arguments) != 1 or len(arguments[0].children) != 1:
            raise _Unsupported
        of = self.compile(_tree(arguments[0].children[0]))
        return lambda values: _size(of(values))

    def _member(self, target: Any, key: Any) -> Run:
        of, name = self.compile(_tree(target)), self.compile(_tree(key))

        def member(values: Values) -> str:
            found = of(values)
            if not isinstance(found, Mapping) or (text := _text(name(values))) not in found:
                raise Unsure
            value: str = found[text]
            return value

        return member

    def _list(self, node: Node) -> Run:
        parts = [p for c in node.children if isinstance(c, Tree) for p in c.children]
        constants = [_constant_of(_tree(part)) for part in parts]
        return _constant(constants)


def _tree(part: Any) -> Node:
    if not isinstance(part, Tree):
        raise _Unsupported
    return part


def _is_truth(node: Node) -> bool:
    """Whether it gives true or false by its form: a comparison, a logical one, such a call."""
    while len(node.children) == 1 and isinstance(node.children[0], Tree):
        if node.data in ("list_lit", "exprlist"):
            return False
        node = node.children[0]
    match node.data:
        case "conditionalor" | "conditionaland" | "relation":
            return len(node.children) == 2
        case "unary":
            return isinstance(sign := node.children[0], Tree) and sign.data == "unary_not"
        case "member_dot_arg":
            return str(node.children[1]) in (*_METHODS, "matches")
        case "literal":
            return type(_literal(node)) is bool
    return False


def _fact(path: Path) -> Run:
    def fact(values: Values) -> object:
        try:
            return values[path]
        except KeyError:
            raise Unsure from None

    return fact


def _constant(value: object) -> Run:
    return lambda _values: value


def _constant_of(node: Node) -> object:
    while len(node.children) == 1 and isinstance(node.children[0], Tree):
        node = node.children[0]
    if node.data != "literal":
        raise _Unsupported
    return _literal(node)


def _literal(node: Node) -> object:
    """A literal as a plain value of Python's; fractions and bytes are the interpreter's."""
    value = Evaluator(node, Activation()).evaluate()
    if value is None:
        return None
    if isinstance(value, CELEvalError):
        raise _Unsupported
    if isinstance(value, BoolType):
        return bool(value)
    if type(value) is IntType:
        return int(value)
    if isinstance(value, StringType):
        return str(value)
    raise _Unsupported


def _matches(of: Run, argument: Node) -> Run:
    pattern = _constant_of(argument)
    if not isinstance(pattern, str):
        raise _Unsupported
    search = re2.compile(pattern).search
    return lambda values: search(_text(of(values))) is not None


def _equal(one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other
    if type(one) is type(other) and type(one) in _SIMPLE:
        return one == other
    raise Unsure


def _within(one: object, container: object) -> bool:
    if isinstance(container, Mapping):
        return _text(one) in container
    if not isinstance(container, list | tuple) or type(one) not in _SIMPLE:
        raise Unsure
    if any(type(entry) is not type(one) for entry in container):
        raise Unsure
    return one in container


def _size(value: object) -> int:
    if isinstance(value, str | list | tuple | Mapping):
        return len(value)
    raise Unsure


def _text(value: object) -> str:
    if type(value) is not str:
        raise Unsure
    return value


def _whole(value: object) -> int:
    if type(value) is not int or value == -_INT64:
        raise Unsure
    return value
