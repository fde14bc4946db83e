"""Addresses of `/api/v1` for subjects. The wire API has its own, in `config/registry_urls.py`."""

from django.urls import path

from registry.api import governing, views

urlpatterns = [
    path("subjects", views.SubjectList.as_view()),
    path("schemas/changes", views.SchemaChanges.as_view()),
    path("schemas/references", views.SchemaReferences.as_view()),
    path("schemas/test", views.SchemaTest.as_view()),
    path("gates", governing.GateList.as_view()),
    path("rights", governing.RightList.as_view()),
    path("rights/<int:pk>", governing.RightDetail.as_view()),
    # A name may hold slashes, so nothing can follow it.
    path("subjects/<path:subject>", views.SubjectDetail.as_view()),
]
