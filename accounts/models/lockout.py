"""Full limits as the staff desk knows them: rights of their own, and no table."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.models.tally import Tally


class Lockout(Tally):
    """What it shows: accounts/lockout/full.py."""

    class Meta:
        proxy = True
        verbose_name = _("lockout")
        verbose_name_plural = _("lockouts")
        default_permissions = ("view",)
        permissions = (("clear_lockout", "Can clear lockouts of networks and of the site"),)
