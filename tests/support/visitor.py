"""A browser without a screen: Django's test client as a person's browser would reach the site."""

from __future__ import annotations

from typing import Any

from django.test import Client

FIREFOX_ON_LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Visitor(Client):
    """Speaks https unless it is made with `https=False`; keeps its own cookies."""

    def __init__(self, *, https: bool = True, **kwargs: Any) -> None:
        self.https = https
        headers = {"user-agent": FIREFOX_ON_LINUX, **kwargs.pop("headers", {})}
        super().__init__(headers=headers, **kwargs)

    def generic(self, *args: Any, **kwargs: Any) -> Any:
        return super().generic(*args, **{**kwargs, "secure": self.https})
