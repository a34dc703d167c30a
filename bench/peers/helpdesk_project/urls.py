"""Where django-helpdesk's pages are, as its letters name them. Read by Django, not by us."""

from django.urls import include, path

urlpatterns = [path("", include("helpdesk.urls", namespace="helpdesk"))]
