"""Metadata and rule sets: read, checked, merged, and their share in a schema's identity.

Both are kept as plain JSON in the order and form that identity asks for (keys and tags sorted,
without doubles); a schema with other metadata is another schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from hashlib import md5
from typing import Final, cast

from registry.errors import InvalidRuleSet, Malformed
from registry.formats.base import Reference

Json = dict[str, object]
Digest = Callable[[bytes], None]

LISTS: Final = ("migrationRules", "domainRules", "encodingRules")
KINDS: Final = ("TRANSFORM", "CONDITION")
DEFAULTS: Final[Json] = {"kind": "TRANSFORM", "mode": "WRITEREAD"}
MIGRATION: Final = frozenset({"UPGRADE", "DOWNGRADE", "UPDOWN"})
DOMAIN: Final = frozenset({"WRITE", "READ", "WRITEREAD"})
TWO_ACTIONS: Final = frozenset({"UPDOWN", "WRITEREAD"})
RULE_TEXTS: Final = ("name", "doc", "kind", "mode", "type")
RULE_ENDS: Final = ("expr", "onSuccess", "onFailure")
ENVIRONMENTS: Final = ("NONE", "ALL", "SERVER", "GATEWAY", "CLIENT")  # where rules are to run
FLAGS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
MAX_ENTRIES: Final = 10_000
VERSION_PROPERTY: Final = "confluent:version"
RESERVED_PROPERTY: Final = "confluent:reserved"


# --- Reading -------------------------------------------------------------------------------------


def metadata(value: object) -> Json | None:
    """Metadata in its stored form; None for null. Raises Malformed for another structure."""
    if value is None:
        return None
    given = _object(value, "metadata")
    result: Json = {}
    tags = _object(given.get("tags") or {}, "metadata.tags")
    if tags:
        result["tags"] = {
            path: sorted(set(_texts(tags[path], f"metadata.tags.{path}"))) for path in sorted(tags)
        }
    properties = _object(given.get("properties") or {}, "metadata.properties")
    if properties:
        result["properties"] = {
            name: _text(properties[name], f"metadata.properties.{name}")
            for name in sorted(properties)
        }
    sensitive = _texts(given.get("sensitive") or [], "metadata.sensitive")
    if sensitive:
        result["sensitive"] = sorted(set(sensitive))
    return result


def rule_set(value: object) -> Json | None:
    """A rule set in its stored form; None for null. Raises Malformed for another structure."""
    if value is None:
        return None
    given = _object(value, "ruleSet")
    result: Json = {}
    for list_name in LISTS:
        rules = given.get(list_name)
        if rules:
            result[list_name] = [
                _rule(rule, list_name) for rule in _items(rules, f"ruleSet.{list_name}")
            ]
    enable_at = given.get("enableAt")
    if enable_at is not None:
        if enable_at not in ENVIRONMENTS:
            known = ", ".join(ENVIRONMENTS)
            raise Malformed(f"ruleSet.enableAt is one of {known}, not {str(enable_at)!r:.60}.")
        result["enableAt"] = enable_at
    return result


def _rule(value: object, list_name: str) -> Json:
    given = {**DEFAULTS, **_present(_object(value, f"a rule of {list_name}"))}
    rule: Json = {
        key: _text(given[key], f"rule.{key}") for key in RULE_TEXTS if given.get(key) is not None
    }
    if rule["kind"] not in KINDS:
        raise Malformed(f"The kind of a rule is {' or '.join(KINDS)}, not {rule['kind']!r:.60}.")
    if rule["mode"] not in MIGRATION | DOMAIN:
        raise Malformed(f"The mode of a rule is none of the known ones: {rule['mode']!r:.60}.")
    if given.get("tags"):
        rule["tags"] = sorted(set(_texts(given["tags"], "rule.tags")))
    params = _object(given.get("params") or {}, "rule.params")
    if params:
        rule["params"] = {key: _text(params[key], f"rule.params.{key}") for key in sorted(params)}
    for key in RULE_ENDS:
        if given.get(key) is not None:
            rule[key] = _text(given[key], f"rule.{key}")
    disabled = given.get("disabled")
    rule["disabled"] = disabled != "" and flag("rule.disabled", disabled) is True
    return rule


def flag(name: str, value: object) -> bool | None:
    """True, false or absent, be it as text or number. Raises Malformed."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    if isinstance(value, str) and value in FLAGS:
        return FLAGS[value]
    raise Malformed(f"{name} is true or false.")


def _present(value: Json) -> Json:
    return {key: member for key, member in value.items() if member is not None}


def ensure_valid_rules(value: Json | None) -> None:
    """Refuse a rule set that clients could not run. Raises InvalidRuleSet.

    Asked of what is to be stored; what is only looked up or compared may be anything.
    """
    names: set[str] = set()
    for list_name in LISTS:
        for rule in map(_as_object, _list((value or {}).get(list_name))):
            name = _rule_name(rule.get("name"))
            if name in names:
                raise InvalidRuleSet(f"Found rule with duplicate name '{name}'")
            names.add(name)
            if "type" not in rule:
                raise InvalidRuleSet("Missing rule type")
            mode = rule.get("mode")
            if list_name == "migrationRules" and mode not in MIGRATION:
                raise InvalidRuleSet("Migration rules can only be UPGRADE, DOWNGRADE, UPDOWN")
            if list_name != "migrationRules" and mode not in DOMAIN:
                raise InvalidRuleSet("Domain rules can only be WRITE, READ, WRITEREAD")
            actions = (rule.get("onSuccess"), rule.get("onFailure"))
            if any("," in str(one or "") for one in actions) and mode not in TWO_ACTIONS:
                raise InvalidRuleSet(
                    f"Rule '{name}': two actions are for UPDOWN and WRITEREAD only"
                )


def _rule_name(name: object) -> str:
    if name is None:
        raise InvalidRuleSet("Missing rule name")
    text = str(name)
    if not text:
        raise InvalidRuleSet("Empty rule name")
    if len(text) > 256:
        raise InvalidRuleSet("Rule name too long")
    if not (text[0].isalpha() or text[0] == "_"):
        raise InvalidRuleSet(f"Illegal initial character in rule name: {text}")
    if not all(c.isalnum() or c in "_-" for c in text):
        raise InvalidRuleSet(f"Illegal character in rule name: {text}")
    return text


def _object(value: object, what: str) -> Json:
    if not isinstance(value, dict):
        raise Malformed(f"{what} is not an object.")
    if len(value) > MAX_ENTRIES:
        raise Malformed(f"{what} has more than {MAX_ENTRIES} members.")
    return cast(Json, value)


def _text(value: object, what: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise Malformed(f"{what} is not a string.")
    return value


def _texts(value: object, what: str) -> list[str]:
    return [_text(item, what) for item in _items(value, what)]


def _items(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        raise Malformed(f"{what} is not a list.")
    if len(value) > MAX_ENTRIES:
        raise Malformed(f"{what} has more than {MAX_ENTRIES} entries.")
    return value


# --- Merging -------------------------------------------------------------------------------------


def merge_metadata(below: Json | None, above: Json | None) -> Json | None:
    """`above` laid over `below`: tags of a path and sensitive names united, properties replaced."""
    if below is None or above is None:
        return above if below is None else below
    result: Json = {}
    tags = {key: set(_list(value)) for key, value in _part(below, "tags").items()}
    for key, value in _part(above, "tags").items():
        tags[key] = tags.get(key, set()) | set(_list(value))
    if tags:
        result["tags"] = {key: sorted(map(str, tags[key])) for key in sorted(tags)}
    properties = {**_part(below, "properties"), **_part(above, "properties")}
    if properties:
        result["properties"] = {key: properties[key] for key in sorted(properties)}
    sensitive = {*_list(below.get("sensitive")), *_list(above.get("sensitive"))}
    if sensitive:
        result["sensitive"] = sorted(map(str, sensitive))
    return result


def merge_rule_set(below: Json | None, above: Json | None) -> Json | None:
    """`above` laid over `below`, list by list; a rule of an equal name is replaced."""
    if below is None or above is None:
        return above if below is None else below
    result: Json = {}
    for list_name in LISTS:
        old = [_as_object(rule) for rule in _list(below.get(list_name))]
        new = [_as_object(rule) for rule in _list(above.get(list_name))]
        replaced = {rule.get("name") for rule in new}
        merged = [rule for rule in old if rule.get("name") not in replaced] + new
        if merged or list_name in below or list_name in above:
            result[list_name] = merged
    enable_at = above.get("enableAt", below.get("enableAt"))
    if enable_at is not None:
        result["enableAt"] = enable_at
    return result


def without_rules(value: Json | None, names: Set[str]) -> Json | None:
    """The rule set without the rules of these names."""
    if value is None:
        return None
    kept = {
        key: [rule for rule in _list(value[key]) if _as_object(rule).get("name") not in names]
        for key in LISTS
        if key in value
    }
    return {**value, **kept}


def reserved(value: Json | None) -> frozenset[str]:
    """Names of fields that the metadata keeps from being used."""
    names = (property_of(value, RESERVED_PROPERTY) or "").split(",")
    return frozenset(name.strip() for name in names if name.strip())


def with_property(value: Json | None, name: str, text: str) -> Json:
    """The metadata with one property set."""
    merged = merge_metadata(value or {}, {"properties": {name: text}})
    return merged or {}


def property_of(value: Json | None, name: str) -> str | None:
    """A property of the metadata, None where it has none of that name."""
    found = _part(value, "properties").get(name) if value else None
    return None if found is None else str(found)


def has_properties(value: Json | None) -> bool:
    """Whether the metadata has any property."""
    return value is not None and bool(_part(value, "properties"))


def without_property(value: Json | None, name: str) -> Json | None:
    """The metadata without one property."""
    if value is None or name not in _part(value, "properties"):
        return value
    properties = {key: v for key, v in _part(value, "properties").items() if key != name}
    rest = {key: part for key, part in value.items() if key != "properties"}
    return {**rest, "properties": properties} if properties else rest


def _part(value: Mapping[str, object], name: str) -> Json:
    return _as_object(value.get(name))


def _as_object(value: object) -> Json:
    return cast(Json, value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


# --- Identity ------------------------------------------------------------------------------------


def identity(
    text: str,
    references: Sequence[Reference] = (),
    metadata_: Json | None = None,
    rules: Json | None = None,
) -> bytes:
    """The MD5 that is a schema's identity within a context, and in UUID form its guid.

    The order of what is fed to it is that of the wire's reference server, so that the guid of the
    same content is equal everywhere. The schema type takes no part.
    """
    digest = md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    for reference in references:
        digest.update(reference.name.encode())
        digest.update(reference.subject.encode())
        digest.update(reference.version.to_bytes(4, "big", signed=True))
    if metadata_ is not None:
        digest.update(b"\x01")
        _feed(digest.update, _metadata_parts(metadata_))
    if rules is not None:
        digest.update(b"\x01")
        for list_name in LISTS:
            for rule in _list(rules.get(list_name)):
                _feed(digest.update, _rule_parts(_as_object(rule)))
                if _as_object(rule).get("disabled"):
                    digest.update(b"\x01")
    return digest.digest()


def content(
    type_: str,
    text: str,
    references: Sequence[Reference],
    metadata_: Json | None,
    rules: Json | None,
) -> object:
    """What `identity` is made of, with the type and apart: equal where nothing at all differs.

    The MD5 is of all parts in a row, so that `{"a": "bc"}` and `{"ab": "c"}` have the same.
    """
    told = None
    if metadata_ is not None:
        parts = ((name, _part(metadata_, name)) for name in ("tags", "properties"))
        told = {name: part for name, part in parts if part}, _list(metadata_.get("sensitive"))
    ruled = None
    if rules is not None:
        lists = ([_as_object(rule) for rule in _list(rules.get(name))] for name in LISTS)
        ruled = [
            [{**rule, "disabled": bool(rule.get("disabled"))} for rule in one] for one in lists
        ]
    return type_, text, sorted(references), told, ruled


def _feed(update: Digest, parts: Iterable[object]) -> None:
    for part in parts:
        update(str(part).encode())


def _metadata_parts(value: Json) -> Iterable[object]:
    # Sorted here too: the database keeps members of an object in an order of its own.
    for path, tags in sorted(_part(value, "tags").items()):
        yield path
        yield from _list(tags)
    for name, text in sorted(_part(value, "properties").items()):
        yield name
        yield text
    yield from _list(value.get("sensitive"))


def _rule_parts(rule: Json) -> Iterable[object]:
    yield from (rule[key] for key in RULE_TEXTS if key in rule)
    yield from _list(rule.get("tags"))
    for key, text in sorted(_part(rule, "params").items()):
        yield key
        yield text
    yield from (rule[key] for key in RULE_ENDS if key in rule)
