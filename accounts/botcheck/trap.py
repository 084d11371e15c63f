"""What a form carries always: a field that people never see, and the moment it was shown.

Both are hints, and cost a person nothing. A filled trap gets the answer of success and nothing is
done. A network whose forms come back at once, or without their moment, again and again, is asked to
prove that somebody is there, like everybody when a budget runs low: nobody is dropped for being
quick.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.botcheck.signed import now, opened, sign

FIELD, BEGAN = "website", "bot_began"
# Nobody reads and fills a form with two fields in this time; the network's own time comes on top.
QUICKEST_MS = 1_500
OLDEST_MS = 12 * 3_600_000
KIND = "form"
# SECURITY: `autocomplete` stops browsers, the others the password managers that do not heed it: a
# manager that filled this for its owner would make a program of them.
ATTRIBUTES = {
    "id": f"id_{FIELD}",
    "autocomplete": "off",
    "tabindex": "-1",
    "data-1p-ignore": True,
    "data-bwignore": True,
    "data-lpignore": "true",
    "data-form-type": "other",
}


class TrapMixin(forms.Form):
    """`{{ form.trap }}` draws both; `is_trapped` and `is_hasty` say how they came back."""

    @property
    def trap(self) -> SafeString:
        """Where there was an error, the moment of the first showing stays: whoever mends a slip may
        be quick."""
        held = self.data.get(BEGAN, "")
        context = {
            "name": FIELD,
            "input": forms.TextInput(attrs=ATTRIBUTES).render(FIELD, self.data.get(FIELD, "")),
            "began_field": BEGAN,
            "began": held if _age(held) is not None else sign(KIND, now(), bound=()),
        }
        return render_to_string("elements/trap.html", context)

    @property
    def is_trapped(self) -> bool:
        return bool(self.data.get(FIELD))

    @property
    def is_hasty(self) -> bool:
        age = _age(self.data.get(BEGAN, ""))
        return age is None or age < QUICKEST_MS


def _age(moment: Any) -> int | None:
    """Milliseconds since a form was shown; None for a moment that is not ours or of another day."""
    facts = opened(KIND, str(moment), bound=())
    age = now() - int(facts[0]) if facts else -1
    return age if 0 <= age <= OLDEST_MS else None
