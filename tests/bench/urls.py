"""The site's map, and the bench's views behind the same middleware."""

from django.urls import path

from authsite.urls import handler400, handler403, handler404, handler500, urlpatterns
from tests.bench import views

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    *urlpatterns,
    path("bench/hello", views.hello),
    path("bench/frame", views.frame),
    path("bench/hash", views.bare_hash),
    path("bench/hashes-made", views.hashes_made),
    path("bench/places", views.places),
]
