"""Everything under /accounts/. Names follow allauth's pattern where it has the page.

Each page is named here one by one: what allauth would add is closed until it is wanted.
"""

from allauth.account import views as allauth_views
from django.urls import path, re_path
from django.views.generic import RedirectView

from accounts.botcheck.held import restored
from accounts.views import (
    account,
    activity,
    addresses,
    confirmation,
    data_export,
    deletion,
    devices,
    letters,
    limits,
    password_reset,
    phone,
    required_password,
    required_phone,
    sign_in,
    sign_in_code,
    terms,
    text_reset,
    undo,
    unlock,
    username,
)

urlpatterns = [
    path("", account.overview, name="account_overview"),
    path("login/", sign_in.sign_in, name="account_login"),
    path("login/code/", sign_in_code.ask, name="account_request_login_code"),
    path("login/code/confirm/", sign_in_code.confirm, name="account_confirm_login_code"),
    path("logout/", sign_in.sign_out, name="account_logout"),
    path("reauthenticate/", sign_in.reauthenticate, name="account_reauthenticate"),
    path("signup/", restored(allauth_views.signup), name="account_signup"),
    # For allauth too, which sends somebody switched off there between password and session: they get
    # the page of a wrong password.
    path("inactive/", deletion.awaiting, name="account_inactive"),
    path("terms/", terms.agree, name="account_terms"),
    path("delete/", deletion.delete, name="account_delete"),
    path("delete/set/", deletion.is_set, name="account_delete_set"),
    path(
        "confirm-email/",
        confirmation.confirm_email,
        name="account_email_verification_sent",
    ),
    path("confirm-email/link/", confirmation.confirm_link, name="account_confirm_link"),
    re_path(
        r"^confirm-email/(?P<key>[\w-]{20,64})/$",
        confirmation.open_link,
        name="account_confirm_email",
    ),
    path("unlock/", unlock.ask, name="account_unlock"),
    path("unlock/code/", unlock.code, name="account_unlock_code"),
    path("unlock/link/", unlock.link, name="account_unlock_link"),
    re_path(r"^unlock/(?P<key>[\w-]{20,64})/$", unlock.open_link, name="account_unlock_key"),
    path("limits/", limits.edit, name="account_limits"),
    path("limits/keep/", limits.take_back, name="account_limits_keep"),
    path("undo/", undo.link, name="account_undo"),
    path("undo/keep/", undo.keep, name="account_undo_keep"),
    path("undo/password/", undo.password, name="account_undo_password"),
    path("undo/done/", undo.done, name="account_undo_done"),
    re_path(r"^undo/(?P<key>[\w-]{20,64})/$", undo.open_link, name="account_undo_key"),
    path("profile/", account.edit_profile, name="account_profile"),
    path("username/", username.change, name="account_username"),
    path("email/", addresses.email, name="account_email"),
    path("phone/", phone.overview, name="account_phone"),
    path("phone/change/", phone.change, name="account_phone_change"),
    path("phone/verify/", phone.verify, name="account_phone_verify"),
    path("phone/required/", required_phone.prove, name="account_phone_required"),
    path("sessions/", devices.devices, name="account_devices"),
    path("activity/", activity.activity, name="account_activity"),
    path("activity/emails/", letters.sent, name="account_letters"),
    path("activity/<int:entry>/", activity.entry, name="account_activity_entry"),
    path("sessions/others/", devices.sign_out_others, name="account_sign_out_others"),
    path("data/", data_export.data, name="account_data"),
    path("data/export/", data_export.export, name="account_data_export"),
    path("data/export/download/", data_export.download, name="account_data_download"),
    path("rescue/", activity.rescue, name="account_rescue"),
    path("password/change/", account.change_password, name="account_change_password"),
    path(
        "password/set/",
        RedirectView.as_view(pattern_name="account_change_password"),
        name="account_set_password",
    ),
    path("password/required/", required_password.choose, name="account_password_required"),
    path("password/reset/", password_reset.ask, name="account_reset_password"),
    path("password/reset/text/", text_reset.ask, name="account_reset_by_text"),
    path("password/reset/text/code/", text_reset.code, name="account_reset_text_code"),
    path("password/reset/done/", password_reset.asked, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]{1,13})-(?P<key>[\w-]{1,100})/$",
        password_reset.choose,
        name="account_reset_password_from_key",
    ),
]
