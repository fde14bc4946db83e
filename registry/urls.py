"""Addresses of the registry's pages; those of the wire API are in `config/registry_urls.py`."""

from django.urls import path

from registry import views

urlpatterns = [
    path("subjects/", views.subjects, name="subjects"),
    path("subjects/sandbox/", views.sandbox, name="sandbox"),
    path("subjects/writing/", views.places, name="subject-places"),
    path("subjects/writing/gate/", views.set_gate, name="subject-gate"),
    path("subjects/writing/rights/", views.give_right, name="subject-right"),
    path("subjects/writing/rights/<int:number>/take/", views.take_right, name="subject-right-take"),
    path("subjects/<str:context>/<path:name>/", views.subject, name="subject"),
]
