"""Contexts, subjects, schemas and versions; settings of them; and what changed, for caches.

In the registry declared is applied: these rows are the truth that the wire API serves. They are
written by `registry.store` alone, through functions in the database where a lock is needed.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.expressions import RawSQL

from governance.models import Request, Resource, ServiceToken, Team
from governance.models.event import Xid8Field


class Context(models.Model):
    """A namespace of subjects and ids. Each has a sequence of its own, `registry_ids_<id>`.

    The row of a deleted one stays, so that a context of that name that is made later goes on with
    other ids: clients keep the old ones for as long as they run.
    """

    name = models.TextField(unique=True)
    deleted = models.BooleanField(db_default=False)
    created_at = models.DateTimeField(db_default=RawSQL("clock_timestamp()", ()))

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Subject(models.Model):
    """A name under which versions follow each other.

    `revision` grows with every change of its versions: a writer that decided on an older one is
    told so under the row's lock, and decides again. The row stays when its versions are gone.
    """

    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="subjects")
    name = models.TextField()
    revision = models.BigIntegerField(db_default=0)

    class Meta:
        ordering = ["context", "name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["context", "name"], name="subject_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # Lists by prefix, and search on pages.
            models.Index(fields=["name"], name="subject_by_prefix", opclasses=["text_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.name if self.context.name == "." else f":{self.context.name}:{self.name}"


class Schema(models.Model):
    """One content in one context, under its id. Never changes.

    `identity` is the MD5 that makes content equal (its UUID form is the guid); `likeness` and
    `whole` (with references written out) are what a look-up compares; `references` is a list of
    [name, subject, version] as they were resolved.

    Content has one id in a context. Only an import may bring it under another one as well, since it
    had both where it comes from; the second row is a `twin`.
    """

    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="schemas")
    schema_id = models.IntegerField()
    type = models.CharField(max_length=16)
    text = models.TextField()
    identity = models.BinaryField()
    likeness = models.BinaryField()
    whole = models.BinaryField(null=True)
    references = models.JSONField(db_default=[])
    metadata = models.JSONField(null=True)
    rule_set = models.JSONField(null=True)
    twin = models.BooleanField(db_default=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["context", "schema_id"], name="schema_id_once"),
            models.UniqueConstraint(
                fields=["context", "identity"],
                condition=models.Q(twin=False),
                name="schema_content_once_but_for_twins",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["identity"], name="schema_by_guid"),  # guids, in every context
        ]

    def __str__(self) -> str:
        return f"schema {self.schema_id} of {self.context_id}"


class Version(models.Model):
    """A schema in its place in a subject: who put it there, when, from where."""

    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="versions")
    version = models.IntegerField()
    schema = models.ForeignKey(Schema, on_delete=models.PROTECT, related_name="versions")
    deleted = models.BooleanField(db_default=False)
    registered_at = models.DateTimeField(db_default=RawSQL("clock_timestamp()", ()))
    registered_by = models.TextField(db_default="")
    registered_from = models.TextField(db_default="")
    request_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["subject", "version"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["subject", "version"], name="version_once"),
            models.CheckConstraint(condition=models.Q(version__gte=1), name="version_from_one"),
        ]

    def __str__(self) -> str:
        return f"version {self.version} of {self.subject_id}"


class Reference(models.Model):
    """ "This schema names that version": for the other direction of `Schema.references`."""

    schema = models.ForeignKey(Schema, on_delete=models.CASCADE, related_name="names")
    context = models.TextField()
    subject = models.TextField()
    version = models.IntegerField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # "Who refers to this version?", asked before each delete.
            models.Index(fields=["context", "subject", "version"], name="reference_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.version}"


class Config(models.Model):
    """Settings of a subject; of a context where `subject` is empty. Members as on the wire."""

    context = models.TextField()
    subject = models.TextField(blank=True)
    values = models.JSONField(db_default={})
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["context", "subject"], name="config_once"),
        ]

    def __str__(self) -> str:
        return f"config of {self.context} {self.subject}"


class Mode(models.Model):
    """The mode of a subject; of a context where `subject` is empty."""

    context = models.TextField()
    subject = models.TextField(blank=True)
    mode = models.CharField(max_length=20)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["context", "subject"], name="mode_once"),
        ]

    def __str__(self) -> str:
        return f"mode of {self.context} {self.subject}"


class Association(models.Model):
    """That a topic uses a subject for its keys or values; clients ask by the topic's name.

    `lifecycle` STRONG means that the topic owns the subject, which then bears the topic's name and
    is frozen: nobody else's schema refers to it. A WEAK one only names a subject that others share.
    """

    guid = models.UUIDField(unique=True)
    resource_name = models.TextField()
    resource_namespace = models.TextField()
    resource_id = models.TextField()
    resource_type = models.TextField()
    association_type = models.TextField()
    context = models.TextField()
    subject = models.TextField()
    lifecycle = models.CharField(max_length=6)
    created_at = models.DateTimeField(db_default=RawSQL("clock_timestamp()", ()))

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["resource_id", "resource_type", "association_type"],
                name="association_once",
            ),
            models.UniqueConstraint(
                fields=[
                    "resource_name",
                    "resource_namespace",
                    "resource_type",
                    "association_type",
                    "context",
                    "subject",
                ],
                name="association_of_name_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # "Whose is this subject?", asked before each delete.
            models.Index(fields=["context", "subject"], name="association_by_subject"),
            models.Index(fields=["resource_namespace"], name="association_by_namespace"),
        ]

    def __str__(self) -> str:
        return f"{self.resource_name} {self.association_type}"


class Change(models.Model):
    """A name whose cached answers are old once the transaction `xid` has committed.

    Written in the transaction of the change; a reader asks for those that committed since its last
    look (`registry.freshness`). Rows older than the longest pause between two looks are pruned.
    """

    xid = Xid8Field(db_default=RawSQL("pg_current_xact_id()", ()))
    name = models.TextField()
    at = models.DateTimeField(db_default=RawSQL("clock_timestamp()", ()))

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["xid"], name="change_by_transaction"),  # each reader's look
            models.Index(fields=["at"], name="change_by_age"),  # pruning
        ]

    def __str__(self) -> str:
        return self.name


class GateLevel(models.Model):
    """How new versions come about in a place: a subject, or with `prefix` all whose name begins so.

    The empty prefix is the whole context. Of several that cover a subject the narrowest counts.
    """

    context = models.TextField()
    subject = models.TextField(blank=True)
    prefix = models.BooleanField(db_default=False)
    level = models.CharField(max_length=12)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Also what is looked for before each write: the rows of its context.
            models.UniqueConstraint(fields=["context", "subject", "prefix"], name="gate_once"),
            models.CheckConstraint(
                condition=models.Q(level__in=["open", "checked", "by_request"]),
                name="gate_level_known",
            ),
        ]

    def __str__(self) -> str:
        return f"gate of {self.context} {self.subject}{'*' if self.prefix else ''}"


class SubjectRight(models.Model):
    """What a team or one service token may do on the wire to subjects of a place, until a time.

    Owning a subject gives most rights without a row (`registry.rights`).
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="+")
    token = models.ForeignKey(ServiceToken, on_delete=models.CASCADE, null=True, related_name="+")
    context = models.TextField()
    subject = models.TextField(blank=True)
    prefix = models.BooleanField(db_default=False)
    rights = ArrayField(models.CharField(max_length=16))
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=RawSQL("clock_timestamp()", ()))
    created_by = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(team__isnull=True) ^ models.Q(token__isnull=True),
                name="right_of_a_team_or_a_token",
            ),
            models.UniqueConstraint(
                fields=["team", "context", "subject", "prefix"],
                condition=models.Q(team__isnull=False),
                name="right_of_a_team_once",
            ),
            models.UniqueConstraint(
                fields=["token", "context", "subject", "prefix"],
                condition=models.Q(token__isnull=False),
                name="right_of_a_token_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["context", "subject"], name="right_by_place"),  # a subject's page
        ]

    def __str__(self) -> str:
        who = self.team or self.token
        return f"{who}: {', '.join(self.rights)} on {self.context} {self.subject}"


class Claim(models.Model):
    """That a resource of kind subject is the subject in this context, so that another team may own
    one of the same name in another.

    A resource without a claim, as all once were, is that in every context.
    """

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="+")
    context = models.TextField()
    subject = models.TextField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["context", "subject"], name="claim_once"),
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} in {self.context}"


class Asking(models.Model):
    """The request that a client's registration made where versions come about by request.

    `content` is what the client sent, in its canonical form and hashed; a try with the same content
    finds the row, and makes no second request.
    """

    context = models.TextField()
    subject = models.TextField()
    content = models.BinaryField()
    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="+")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["context", "subject", "content"], name="asking_by_content"),
        ]

    def __str__(self) -> str:
        return f"request {self.request_id} for {self.context} {self.subject}"
