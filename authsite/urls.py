"""The map of the whole site."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.views import errors, letters, site, terms
from mfa.views import passkeys

urlpatterns = [
    path("", site.front_door, name="home"),
    path("accounts/mfa/", include("mfa.urls")),
    # Where allauth has these pages by default, and where bookmarks and guides look for them.
    path("accounts/2fa/", RedirectView.as_view(pattern_name="mfa_security"), name="mfa_elsewhere"),
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("letters/check/", letters.check, name="letter_check"),
    path("help/", site.help_page, name="help"),
    path("privacy/", site.privacy, name="privacy"),
    path("terms/", terms.read, name="terms"),
    path("language/", site.language, name="language"),
    path("healthz", site.healthz, name="healthz"),
    path("readyz", site.readyz, name="readyz"),
    path(".well-known/change-password", site.change_password_address),
    path(".well-known/passkey-endpoints", passkeys.endpoints),
]

if settings.DEBUG:
    from accounts.views import mailbox, styleguide

    urlpatterns += [
        path("styleguide/", styleguide.styleguide, name="styleguide"),
        path("styleguide/errors/<slug:name>/", styleguide.error_page, name="styleguide_error"),
        path("dev/mailbox/", mailbox.mailbox, name="dev_mailbox"),
        path("dev/mailbox/<slug:letter_id>/", mailbox.letter, name="dev_letter"),
        path("dev/mailbox/<slug:letter_id>/html/", mailbox.letter_html, name="dev_letter_html"),
    ]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
