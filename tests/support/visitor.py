"""A browser without a screen: Django's test client as a person's browser would reach the site."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.botcheck import trap

FIREFOX_ON_LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Visitor(Client):
    """Speaks https unless it is made with `https=False`; keeps its own cookies; posts the form of
    sign-up as if it had been looked at for a minute, unless it says otherwise (`bot_began`)."""

    def __init__(self, *, https: bool = True, **kwargs: Any) -> None:
        self.https = https
        headers = {"user-agent": FIREFOX_ON_LINUX, **kwargs.pop("headers", {})}
        super().__init__(headers=headers, **kwargs)

    def post(self, path: str, data: Any = None, *args: Any, **kwargs: Any) -> Any:
        if isinstance(data, dict) and path.startswith("/accounts/signup/"):
            moment = trap.sign(trap.KIND, trap.now() - 60_000, bound=())
            data = {trap.BEGAN: moment, **data}
        return super().post(path, data, *args, **kwargs)

    def generic(self, *args: Any, **kwargs: Any) -> Any:
        return super().generic(*args, **{**kwargs, "secure": self.https})
