"""The site's own settings, with the bench's views beside the site's."""

from __future__ import annotations

import os
from pathlib import Path

from authsite.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
STATIC_ROOT = Path(os.environ["BENCH_STATIC"])
