"""Names, levels, scope, identity: tables."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import compatibility, contracts, naming, scope
from registry.compatibility import Level, Older
from registry.errors import InvalidLevel, InvalidRuleSet, InvalidSubject, InvalidVersion, Malformed
from registry.formats.avro.format import Avro
from registry.formats.base import Reference
from registry.naming import LATEST, SubjectName

AVRO = Avro()


class TestNaming:
    @pytest.mark.parametrize(
        ("text", "context", "name", "wire"),
        [
            ("s", ".", "s", "s"),
            (":.ctx:s", ".ctx", "s", ":.ctx:s"),
            (":.ctx:a:b", ".ctx", "a:b", ":.ctx:a:b"),
            (":.ctx:", ".ctx", "", ":.ctx:"),
            (":.ctx", ".ctx", "", ":.ctx:"),
            (":.:s", ".", "s", "s"),
            (":s", ".", ":s", ":s"),
            ("", ".", "", ""),
        ],
    )
    def test_qualified_names(self, text: str, context: str, name: str, wire: str) -> None:
        subject = naming.qualify(text)
        assert subject == SubjectName(context, name)
        assert str(subject) == wire

    @given(st.text(max_size=20), st.sampled_from([".", ".eu", ".a-b"]))
    def test_the_wire_form_is_read_back(self, name: str, context: str) -> None:
        if context == "." and name.startswith(":."):
            return
        assert naming.qualify(str(SubjectName(context, name))) == SubjectName(context, name)

    @pytest.mark.parametrize("text", ["eu", ".eu", ":.eu:"])
    def test_contexts_of_paths(self, text: str) -> None:
        assert naming.context_of_path(text) == ".eu"

    @pytest.mark.parametrize("text", ["a:b", ":.a:b:", ":", ":.eu"])
    def test_contexts_with_a_colon_are_refused(self, text: str) -> None:
        with pytest.raises(Malformed):
            naming.context_of_path(text)

    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("latest", LATEST),
            ("LATEST", LATEST),
            ("-1", LATEST),
            ("7", 7),
            ("+7", 7),
            ("007", 7),
            ("2147483647", 2**31 - 1),
        ],
    )
    def test_versions(self, text: str, number: int) -> None:
        assert naming.version_number(text) == number

    @pytest.mark.parametrize("text", ["0", "-2", "", "x", "1.5", "2147483648", "٣", "1" * 5000])
    def test_what_is_no_version(self, text: str) -> None:
        with pytest.raises(InvalidVersion):
            naming.version_number(text)

    @pytest.mark.parametrize("name", ["__GLOBAL", "__EMPTY", "a\nb", "a\x7f", "\x85", "x" * 2000])
    def test_names_nobody_may_write_to(self, name: str) -> None:
        with pytest.raises(InvalidSubject):
            naming.ensure_valid(SubjectName(".", name))

    def test_settings_of_all_contexts_have_a_place_and_subjects_in_it_do_not(self) -> None:
        everywhere = SubjectName(naming.GLOBAL, "")
        naming.ensure_valid(everywhere, settings=True)
        with pytest.raises(InvalidSubject):
            naming.ensure_valid(everywhere)


class TestLevels:
    old = Older(
        1,
        "one",
        lambda: AVRO.parse(
            '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}', strict=True
        ),
    )
    older = Older(0, "none", lambda: AVRO.parse('"string"', strict=True))
    wide = AVRO.parse(
        '{"type":"record","name":"R","fields":[{"name":"a","type":"long"}]}', strict=True
    )

    @pytest.mark.parametrize(
        ("level", "compatible"),
        [
            ("NONE", True),
            ("BACKWARD", True),
            ("FORWARD", False),
            ("FULL", False),
            ("BACKWARD_TRANSITIVE", False),
            ("FORWARD_TRANSITIVE", False),
            ("FULL_TRANSITIVE", False),
        ],
    )
    def test_directions_and_versions(self, level: str, compatible: bool) -> None:
        found = compatibility.check(
            compatibility.level(level.lower()), self.wide, [self.old, self.older]
        )
        assert found.compatible is compatible

    def test_a_transitive_check_stops_at_the_first_version_that_fails(self) -> None:
        found = compatibility.check(Level.BACKWARD_TRANSITIVE, self.wide, [self.old, self.older])
        assert found.against == 0
        assert found.messages[-2:] == ("{oldSchemaVersion: 0}", "{oldSchema: 'none'}")

    def test_a_check_without_time_left_names_the_version_that_it_came_to(self) -> None:
        left = iter([True, False])
        found = compatibility.check(
            Level.BACKWARD_TRANSITIVE, self.wide, [self.old] * 3, in_time=lambda: next(left)
        )
        assert not found.compatible
        assert "takes too long" in found.messages[0]
        assert "not transitive" in found.words[0]

    def test_the_text_of_the_older_schema_is_cut(self) -> None:
        long = Older(1, "x" * 20_000, self.older.parsed)
        *_, shown = compatibility.check(Level.BACKWARD, self.wide, [long]).messages
        assert shown == "{oldSchema: <truncated> '" + "x" * 10_240 + "...'}"

    def test_unknown_levels(self) -> None:
        with pytest.raises(InvalidLevel):
            compatibility.level("SIDEWAYS")


class TestScope:
    subject = SubjectName(".eu", "s")

    @pytest.mark.parametrize(
        ("configs", "level", "place"),
        [
            ({}, "BACKWARD", None),
            ({(".__GLOBAL", ""): {"compatibilityLevel": "FULL"}}, "FULL", (".__GLOBAL", "")),
            ({(".", ""): {"compatibilityLevel": "NONE"}}, "BACKWARD", None),
            (
                {
                    (".eu", ""): {"compatibilityLevel": "NONE"},
                    (".__GLOBAL", ""): {"compatibilityLevel": "FULL"},
                },
                "NONE",
                (".eu", ""),
            ),
            (
                {(".eu", "s"): {"normalize": True}, (".eu", ""): {"compatibilityLevel": "NONE"}},
                "BACKWARD",
                (".eu", "s"),
            ),
        ],
    )
    def test_the_first_place_that_is_set_gives_the_level(
        self,
        configs: dict[tuple[str, str], dict[str, object]],
        level: str,
        place: tuple[str, str] | None,
    ) -> None:
        found = scope.in_scope(self.subject, configs, {})
        assert (found.level, found.config_from) == (level, place)

    def test_flags_left_out_come_from_the_top_level(self) -> None:
        configs: dict[tuple[str, str], dict[str, object]] = {
            (".eu", "s"): {"alias": "x"},
            (".", ""): {"normalize": True, "alias": "y"},
        }
        found = scope.in_scope(self.subject, configs, {})
        assert found.flag("normalize")
        assert found.text("alias") == "x"
        assert found.inherited == {"normalize"}


class TestIdentity:
    def test_it_is_the_md5_of_the_text(self) -> None:
        # md5 of "int" in quotes, as any server of the wire gives it.
        assert (
            str(UUID(bytes=contracts.identity('"int"'))) == "ef524ea1-b91e-7317-3d93-8ade36c1db32"
        )

    def test_references_metadata_and_rules_take_part(self) -> None:
        one = Reference("a", "s", 1)
        rules = contracts.rule_set({"domainRules": [{"name": "r", "type": "CEL", "mode": "READ"}]})
        found = {
            contracts.identity('"int"'),
            contracts.identity('"int"', [one]),
            contracts.identity('"int"', [Reference("a", "s", 2)]),
            contracts.identity('"int"', [], {}),
            contracts.identity('"int"', [], {"properties": {"a": "b"}}),
            contracts.identity('"int"', [], None, rules),
        }
        assert len(found) == 6

    def test_the_order_in_which_members_were_sent_takes_none(self) -> None:
        one = contracts.metadata({"properties": {"a": "1", "b": "2"}, "sensitive": ["y", "x", "x"]})
        two = contracts.metadata({"sensitive": ["x", "y"], "properties": {"b": "2", "a": "1"}})
        assert contracts.identity("x", [], one) == contracts.identity("x", [], two)


class TestContracts:
    def test_metadata_is_merged(self) -> None:
        below = {"tags": {"a": ["x"]}, "properties": {"p": "1", "q": "1"}, "sensitive": ["p"]}
        above = {"tags": {"a": ["y"]}, "properties": {"q": "2"}, "sensitive": ["q"]}
        assert contracts.merge_metadata(contracts.metadata(below), contracts.metadata(above)) == {
            "tags": {"a": ["x", "y"]},
            "properties": {"p": "1", "q": "2"},
            "sensitive": ["p", "q"],
        }
        assert contracts.merge_metadata(None, {"sensitive": ["a"]}) == {"sensitive": ["a"]}

    def test_rules_of_an_equal_name_are_replaced(self) -> None:
        def rules(*names: str, expr: str = "") -> dict[str, object]:
            listed = [{"name": n, "type": "CEL", "mode": "READ", "expr": expr} for n in names]
            return contracts.rule_set({"domainRules": listed}) or {}

        merged = contracts.merge_rule_set(rules("a", "b", expr="1"), rules("b", expr="2")) or {}
        listed = merged["domainRules"]
        assert isinstance(listed, list)
        assert [(r["name"], r["expr"]) for r in listed] == [("a", "1"), ("b", "2")]

    @pytest.mark.parametrize(
        "rule",
        [
            {},
            {"name": ""},
            {"name": "1a", "type": "CEL", "mode": "READ"},
            {"name": "a b", "type": "CEL", "mode": "READ"},
            {"name": "a", "mode": "READ"},
            {"name": "a", "type": "CEL", "mode": "UPGRADE"},
            {"name": "a", "type": "CEL", "mode": "READ", "onFailure": "A,B"},
            {"name": "a" * 257, "type": "CEL", "mode": "READ"},
        ],
    )
    def test_rules_that_are_refused(self, rule: dict[str, object]) -> None:
        read = contracts.rule_set({"domainRules": [rule]})
        with pytest.raises(InvalidRuleSet):
            contracts.ensure_valid_rules(read)
