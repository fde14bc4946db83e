"""Paths of the registry's wire API, still percent-encoded when they are matched."""

from django.urls import URLPattern, path, register_converter

from registry.rest import (
    associations,
    compatibility,
    config,
    contexts,
    mode,
    schemas,
    server,
    subjects,
    versions,
)
from registry.rest.http import Id, Segment, View

register_converter(Segment, "segment")
register_converter(Id, "schema_id")

V = "subjects/<segment:subject>/versions"

# What can be asked at the root, and inside a context too.
RESOURCES: list[tuple[str, View]] = [
    ("schemas", schemas.listed),
    ("schemas/types", schemas.types),
    ("schemas/ids/<schema_id:number>", schemas.one),
    ("schemas/ids/<schema_id:number>/schema", schemas.text),
    ("schemas/ids/<schema_id:number>/subjects", schemas.subjects),
    ("schemas/ids/<schema_id:number>/versions", schemas.versions),
    ("schemas/guids/<segment:guid>", schemas.by_guid),
    ("schemas/guids/<segment:guid>/ids", schemas.ids_of_guid),
    ("subjects", subjects.listed),
    ("subjects/<segment:subject>", subjects.one),
    ("subjects/<segment:subject>/metadata", subjects.metadata),
    (V, versions.listed),
    (f"{V}/<segment:version>", versions.one),
    (f"{V}/<segment:version>/schema", versions.text),
    (f"{V}/<segment:version>/referencedby", versions.referenced_by),
    (f"{V}/<segment:version>/tags", versions.tags),
    (f"compatibility/{V}", compatibility.check),
    (f"compatibility/{V}/<segment:version>", compatibility.check),
    ("config", config.one),
    ("config/<segment:subject>", config.one),
    ("mode", mode.one),
    ("mode/<segment:subject>", mode.one),
    ("associations", associations.made),
    ("associations:batchGet", associations.many),
    ("associations:batchMutate", associations.changed),
    ("associations/subjects/<segment:subject>", associations.of_subject),
    ("associations/resources/<segment:resource>", associations.of_resource),
    ("associations/resources/<segment:namespace>/<segment:name>", associations.of_name),
    ("contexts", contexts.listed),
    ("contexts/<segment:name>", contexts.one),
    ("v1/metadata/id", server.identity),
    ("v1/metadata/version", server.version),
    ("v1/metadata/deployment", server.deployment),
]

urlpatterns: list[URLPattern] = [
    path("", server.root),
    *(path(route, view) for route, view in RESOURCES),
    *(path(f"contexts/<segment:context>/{route}", view) for route, view in RESOURCES),
]
