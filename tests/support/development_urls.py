"""The map of the site as DEBUG draws it, for tests of its own pages in the tests' environment."""

from django.urls import path

from accounts.views import mailbox
from authsite.urls import handler400, handler403, handler404, handler500
from authsite.urls import urlpatterns as site

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    *site,
    path("dev/mailbox/", mailbox.mailbox, name="dev_mailbox"),
    path("dev/mailbox/<slug:letter_id>/", mailbox.letter, name="dev_letter"),
    path("dev/mailbox/<slug:letter_id>/html/", mailbox.letter_html, name="dev_letter_html"),
]
