"""Addresses of the registry's pages; those of the wire API are in `config/registry_urls.py`."""

from django.urls import path

from registry import views

urlpatterns = [
    path("subjects/", views.subjects, name="subjects"),
    path("subjects/sandbox/", views.sandbox, name="sandbox"),
    path("subjects/<str:context>/<path:name>/", views.subject, name="subject"),
]
