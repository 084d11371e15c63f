"""The site with its staff pages elsewhere."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from authsite.urls import urlpatterns as of_the_site

urlpatterns = [
    path("desk/of/staff/", admin.site.urls),
    *(one for one in of_the_site if str(one.pattern) != "admin/"),
]
