"""Addresses of `/api/v1` for topics, access, drift and clusters. None ends with a slash."""

from django.urls import path

from topics.api import grants, measures, views

urlpatterns = [
    path("topics", views.TopicList.as_view()),
    path("topics/unmanaged", views.UnmanagedList.as_view()),
    path("topics/<slug:cluster>/<str:name>", views.TopicDetail.as_view()),
    path("grants", grants.GrantList.as_view()),
    path("grants/<slug:cluster>/<path:name>", grants.GrantDetail.as_view()),
    path("access", grants.Access.as_view()),
    path("drift", views.DriftList.as_view()),
    path("drift/<int:pk>", views.DriftDetail.as_view()),
    path("drift/<int:pk>/accept", views.DriftAccept.as_view()),
    path("drift/<int:pk>/revert", views.DriftRevert.as_view()),
    path("drift/<int:pk>/ignore", views.DriftIgnore.as_view()),
    path("clusters", views.ClusterList.as_view()),
    path("clusters/<slug:slug>", views.ClusterDetail.as_view()),
    path("clusters/<slug:slug>/prices", measures.ClusterPrices.as_view()),
    path("clusters/<slug:slug>/test", views.ClusterTest.as_view()),
]
