"""The words of JSON Schema's later dialects; any other is something that only its writer knows."""

from __future__ import annotations

from typing import Final

KNOWN: Final = frozenset(
    {
        *("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$ref", "$defs", "$schema"),
        *("$vocabulary", "minLength", "maxLength", "allOf", "anyOf", "oneOf", "properties"),
        *("additionalProperties", "patternProperties", "title", "description", "readOnly"),
        *("writeOnly", "deprecated", "default", "enum", "const", "type", "not", "required"),
        *("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf", "if"),
        *("uniqueItems", "items", "prefixItems", "contains", "minContains", "maxContains"),
        *("then", "else", "dependentSchemas", "dependentRequired", "unevaluatedItems", "format"),
        *("unevaluatedProperties", "minItems", "maxItems", "minProperties", "maxProperties"),
        *("propertyNames", "pattern", "true", "false"),
    }
)
