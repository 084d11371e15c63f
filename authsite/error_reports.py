"""What an error report may show of a request."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.views.debug import SafeExceptionReporterFilter


class SafeReporterFilter(SafeExceptionReporterFilter):
    """Reports show no posted value and no local variable: people type secrets into any field."""

    def is_active(self, request: Any) -> bool:
        return True

    def get_post_parameters(self, request: Any) -> dict[str, str]:
        if request is None:
            return {}
        try:
            posted = request.POST
        except (SuspiciousOperation, LookupError, ValueError):
            return {}  # a body that cannot be read is often what the report is about
        return dict.fromkeys(posted, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]
