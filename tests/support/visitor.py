"""A browser without a screen: Django's test client as a person's browser would reach the site."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.botcheck import trap
from accounts.identify import find_user
from tests.support import second_steps

FIREFOX_ON_LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LOGIN, SECOND_STEP = "/accounts/login/", "/accounts/mfa/authenticate/"


class Visitor(Client):
    """Speaks https unless it is made with `https=False`; keeps its own cookies; posts the form of
    sign-up as if it had been looked at for a minute, unless it says otherwise (`bot_began`). Staff
    who sign in with it have their app at hand, unless it is made with `at_hand=False`: the answer is
    then the one to their second step."""

    def __init__(self, *, https: bool = True, at_hand: bool = True, **kwargs: Any) -> None:
        self.https, self.at_hand = https, at_hand
        headers = {"user-agent": FIREFOX_ON_LINUX, **kwargs.pop("headers", {})}
        super().__init__(headers=headers, **kwargs)

    def post(self, path: str, data: Any = None, *args: Any, **kwargs: Any) -> Any:
        if isinstance(data, dict) and path.startswith("/accounts/signup/"):
            moment = trap.sign(trap.KIND, trap.now() - 60_000, bound=())
            data = {trap.BEGAN: moment, **data}
        answer = super().post(path, data, *args, **kwargs)
        if self.at_hand and path == LOGIN and answer.get("Location") == SECOND_STEP:
            return self._second_step(find_user(data["login"])) or answer
        return answer

    def _second_step(self, user: Any) -> Any:
        if not user.is_staff:
            return None
        code = second_steps.as_if_later(user)
        return super().post(SECOND_STEP, {"method": "app", "code": code})

    def generic(self, *args: Any, **kwargs: Any) -> Any:
        return super().generic(*args, **{**kwargs, "secure": self.https})
