"""Topics, drift and clusters through the API. Nothing here waits on a cluster."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request as Call
from rest_framework.response import Response

from governance.api.base import ApiView
from governance.api.errors import BadAddress
from governance.api.filters import Choices, Filters, Text
from governance.api.idempotency import repeatable
from governance.api.shapes import Nothing
from governance.errors import NotFound
from topics import queries
from topics.api import serializers as shapes
from topics.models import Cluster, DeclaredTopic, Drift, ObservedTopic
from topics.services import clusters, drift
from topics.services.clusters import ClusterSpec

SEARCH = OpenApiParameter(
    "q",
    OpenApiTypes.STR,
    description="Words of the name; owner:, env:, cluster:, drift:yes, state:, data:, ends:soon.",
)
SORT = OpenApiParameter("sort", OpenApiTypes.STR, enum=list(queries.SORTS), default="name")


class TopicList(ApiView):
    """Managed topics over all clusters."""

    kind = "topic"
    parameters = ("q", "sort")
    queryset = DeclaredTopic.objects.none()

    @extend_schema(
        operation_id="topics_list",
        parameters=[SEARCH, SORT],
        responses=shapes.TopicShown(many=True),
    )
    def get(self, request: Call) -> Response:
        """Declared topics, by name unless sorted otherwise."""
        search, sort = _search(request), self.choice("sort", list(queries.SORTS))
        return self.listed(queries.topics(search, sort), shapes.TopicShown)


class UnmanagedList(ApiView):
    """What clusters have beyond that."""

    kind = "topic"
    parameters = ("q",)
    queryset = ObservedTopic.objects.none()

    @extend_schema(
        operation_id="topics_unmanaged",
        parameters=[SEARCH],
        responses=shapes.UnmanagedShown(many=True),
    )
    def get(self, request: Call) -> Response:
        """Topics that a cluster has and nobody declared."""
        return self.listed(queries.unmanaged(_search(request)), shapes.UnmanagedShown)


class TopicDetail(ApiView):
    """One topic."""

    kind = "topic"

    @extend_schema(operation_id="topics_get", responses={200: shapes.TopicPageShown})
    def get(self, request: Call, cluster: str, name: str) -> Response:
        """One topic on one cluster, key by key: declared, observed, source."""
        found = queries.topic(cluster, name)
        if found is None:
            raise NotFound(f"There is no topic {name} on a cluster {cluster}.")
        return self.shown(shapes.TopicPageShown, found)


class DriftFilter(Filters):
    """Narrows the list of differences."""

    state = Choices(choices=shapes.DRIFT_STATES)
    cluster = Text("cluster__slug")
    team = Text("team")
    name = Text("name", "istartswith", label="The name begins so.")

    class Meta:
        model = Drift
        fields: list[str] = []


class DriftView(ApiView):
    """A view about drift."""

    kind = "drift"
    queryset = Drift.objects.none()

    def row(self, pk: int) -> Drift:
        """One difference."""
        found: QuerySet[Drift] = queries.drifts("")
        row = found.filter(pk=pk).first()
        if row is None:
            raise NotFound("There is no such drift. It may have been decided long ago.")
        return row


class DriftList(DriftView):
    """Differences."""

    filterset_class = DriftFilter

    @extend_schema(operation_id="drift_list", responses=shapes.DriftShown(many=True))
    def get(self, request: Call) -> Response:
        """Differences in every state, newest first."""
        return self.listed(queries.drifts(""), shapes.DriftShown)


class DriftDetail(DriftView):
    """One difference."""

    @extend_schema(operation_id="drift_get", responses={200: shapes.DriftShown})
    def get(self, request: Call, pk: int) -> Response:
        """One difference, and what was decided."""
        return self.shown(shapes.DriftShown, self.row(pk))


class DriftAccept(DriftView):
    """What is, shall be."""

    @extend_schema(
        operation_id="drift_accept",
        request=shapes.AcceptIn,
        responses={201: shapes.AcceptedShown},
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Asks for what the cluster has to be declared: a request, submitted."""
        reason = self.values(shapes.AcceptIn)["reason"]
        made = drift.accept(pk, by=self.actor, reason=reason)
        return self.shown(shapes.AcceptedShown, made, 201)


class DriftRevert(DriftView):
    """What was declared, shall be."""

    @extend_schema(
        operation_id="drift_revert", request=shapes.RevertIn, responses={202: shapes.DriftShown}
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Lets a worker put the declared value back; it is *reverting* until that is done."""
        drift.revert(pk, by=self.actor, reason=self.values(shapes.RevertIn)["reason"])
        return self.shown(shapes.DriftShown, self.row(pk), 202)


class DriftIgnore(DriftView):
    """Leaving it, for a while."""

    @extend_schema(
        operation_id="drift_ignore", request=shapes.IgnoreIn, responses={200: shapes.DriftShown}
    )
    @repeatable
    def post(self, request: Call, pk: int) -> Response:
        """Leaves the difference alone until a day, for a reason."""
        drift.ignore(pk, **self.values(shapes.IgnoreIn), by=self.actor)
        return self.shown(shapes.DriftShown, self.row(pk))


class ClusterView(ApiView):
    """A view about clusters."""

    kind = "cluster"
    queryset = Cluster.objects.none()

    def page_of(self, slug: str, status: int = 200) -> Response:
        """The cluster with its counts and runs."""
        return self.shown(shapes.ClusterPageShown, self.row(slug), status)

    def row(self, slug: str) -> queries.ClusterRow:
        """One cluster."""
        found = queries.cluster(slug)
        if found is None:
            raise NotFound(f"There is no cluster {slug}.")
        return found


class ClusterList(ClusterView):
    """All clusters, and new ones."""

    @extend_schema(operation_id="clusters_list", responses=shapes.ClusterShown(many=True))
    def get(self, request: Call) -> Response:
        """All clusters, in the order of their environments."""
        return self.listed(queries.cluster_rows(), shapes.ClusterShown)

    @extend_schema(
        operation_id="clusters_register",
        request=shapes.ClusterIn,
        responses={201: shapes.ClusterPageShown},
    )
    @repeatable
    def post(self, request: Call) -> Response:
        """Registers a cluster, by the platform team; a worker looks at it right after."""
        typed = self.values(shapes.ClusterIn)
        slug = typed.pop("slug")
        clusters.register(slug, ClusterSpec(**typed), by=self.actor)
        return self.page_of(slug, 201)


class ClusterDetail(ClusterView):
    """One cluster."""

    @extend_schema(operation_id="clusters_get", responses={200: shapes.ClusterPageShown})
    def get(self, request: Call, slug: str) -> Response:
        """One cluster with its last rounds of work."""
        return self.page_of(slug)

    @extend_schema(
        operation_id="clusters_change",
        request=shapes.ClusterValuesIn,
        responses={200: shapes.ClusterPageShown},
    )
    def put(self, request: Call, slug: str) -> Response:
        """Replaces the record; a password that is null stays as it is."""
        clusters.change(slug, ClusterSpec(**self.values(shapes.ClusterValuesIn)), by=self.actor)
        return self.page_of(slug)


class ClusterTest(ClusterView):
    """Whether it can be reached."""

    @extend_schema(operation_id="clusters_test", request=Nothing, responses={202: shapes.LookShown})
    def post(self, request: Call, slug: str) -> Response:
        """Asks a worker to look at the cluster now. What came of it is in the cluster's record."""
        self.values(Nothing)
        row = self.row(slug)
        clusters.observe_now(row.cluster, by=self.actor)
        return self.shown(shapes.LookShown, {"cluster": slug, "asked_at": timezone.now()}, 202)


def _search(request: Call) -> str:
    """The search as it was typed. Raises BadAddress for a part that means nothing here."""
    text = request.query_params.get("q", "")
    unknown = queries.read_search(text).unknown
    if unknown:
        raise BadAddress(
            f"{unknown[0]!r} means nothing in a search for topics. Use words, or "
            f"{', '.join(f'{name}:' for name in queries.FILTERS)} with a value.",
            path="q",
        )
    return text
