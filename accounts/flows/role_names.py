"""What a role may be called: what nobody takes for another one. The second of staff reads it."""

from __future__ import annotations

import unicodedata

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.roles import ROLES
from accounts.validators import has_invisible, validate_name


def check(role: Group, name: str) -> None:
    """Raise ValidationError where `role`, which may be new, cannot be called `name`: one that came with
    the site keeps its name, and no two names read alike, whether as they are kept or as they are shown
    in any language of the site. Names that came with the site are nobody else's, also once it is gone.
    """
    if name == role.name:
        return
    if role.pk and role.name in ROLES:
        raise ValidationError(_("This role came with the site and keeps its name."), code="kept")
    validate_name(name)
    if has_invisible(name):
        raise ValidationError(
            _("This has an invisible character in it. Type it again."), code="invisible"
        )
    others = Group.objects.exclude(pk=role.pk).values_list("name", flat=True)
    if fold(name) in {fold(one) for one in [*others, *_shown()]}:
        raise ValidationError(_("Another role is called so, or nearly so."), code="taken")


def hold() -> None:
    """Inside a transaction: whoever names a role from now on waits for its end, so that of two who
    choose one name at once the second finds it taken. Before any role is held."""
    kind = ContentType.objects.filter(app_label="auth", model="group")
    list(kind.select_for_update().values_list("pk"))


def fold(name: str) -> str:
    """What is left of a name for whoever reads over it: no case, width, spaces or punctuation."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(one for one in folded if one.isalnum()) or folded


def _shown() -> set[str]:
    found = set(ROLES)
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found.update(map(str, ROLES.values()))
    return found
