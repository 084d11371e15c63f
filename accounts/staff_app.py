"""The Django admin as an installed app; apart from its site, which may load models."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """The admin, with our site in the place of its own."""

    default_site = "accounts.staff_site.StaffSite"
