"""Addresses of the pages of topics, drift and clusters."""

from django.urls import path

from topics.views import clusters, drift, grants, measures, topics

urlpatterns = [
    path("topics/", topics.topics, name="topics"),
    path("topics/<slug:cluster>/<str:name>/", topics.topic, name="topic"),
    path("grants/", grants.grants, name="grants"),
    path("grants/<slug:cluster>/<path:name>/", grants.grant, name="grant"),
    path("access/", grants.explain, name="access"),
    path("drift/", drift.drifts, name="drift"),
    path("drift/<int:number>/accept/", drift.accept, name="drift-accept"),
    path("drift/<int:number>/revert/", drift.revert, name="drift-revert"),
    path("drift/<int:number>/ignore/", drift.ignore, name="drift-ignore"),
    path("clusters/", clusters.clusters, name="clusters"),
    path("clusters/new/", clusters.register, name="cluster-new"),
    path("clusters/<slug:slug>/", clusters.cluster, name="cluster"),
    path("clusters/<slug:slug>/change/", clusters.change, name="cluster-change"),
    path("clusters/<slug:slug>/prices/", measures.prices, name="cluster-prices"),
    path("clusters/<slug:slug>/read/", clusters.look_now, name="cluster-look"),
]
