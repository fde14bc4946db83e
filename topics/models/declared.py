"""The base of what is declared on a cluster."""

from __future__ import annotations

from django.db import models

from governance.models import DeclaredBase
from topics.models.cluster import Cluster


class DeclaredOnCluster(DeclaredBase):
    """A declared row that lives on one cluster. `applied_at` is when `last_applied` was written."""

    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="+")
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
