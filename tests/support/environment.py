"""The settings of the tests: authsite.settings, in an environment that no machine can colour.

Tests see the site as production has it (DEBUG off, https, `__Host-` cookies), on an SQLite file of
their own or on the DATABASE_URL and CACHE_URL they were started with.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

SCRATCH = Path(tempfile.mkdtemp(prefix="site-tests-"))

ENVIRONMENT = {
    "ENV_FILE": "none",  # a developer's .env says nothing here
    "DEBUG": "off",
    "SECRET_KEY": "only-for-tests-0123456789-0123456789-0123456789-0123456789",
    "FIELD_KEYS": "t1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "PASSWORD_PEPPERS": "p1:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA",
    "SITE_NAME": "Northgate",
    "SITE_URL": "https://testserver",
    "SUPPORT_EMAIL": "help@example.org",
    "EMAIL_URL": f"filemail://{SCRATCH}/mail",
    # However slow the machine: a code that is asked for at the end of a half minute is typed in the
    # next one. Tests of that very second set it to what it is by default.
    "POLICY_APP_TOLERANCE": "1",
}
# What a shell may have set that would change what the site does.
COLOURING = (
    "ALERTS_",
    "POLICY_",
    "BOT_CHECK",
    "BREACHED_",
    "ALLOWED_HOSTS",
    "TRUSTED_PROXIES",
    "SECRET_KEY_FALLBACKS",
    "PSEUDO_LOCALE",
    "TEXT_",
)


def _leave_nothing(owner: int) -> None:
    if os.getpid() == owner:  # not in a child that a test forked
        shutil.rmtree(SCRATCH, ignore_errors=True)


atexit.register(_leave_nothing, os.getpid())
for _name in [name for name in os.environ if name.startswith(COLOURING)]:
    del os.environ[_name]
os.environ.update(ENVIRONMENT)
os.environ.setdefault("DATABASE_URL", f"sqlite:///{SCRATCH}/site.sqlite3")

from authsite.settings import *  # noqa: E402, F403
from authsite.settings import DATABASES, POLICY_ARGON2_MEMORY_KIB, STORAGES  # noqa: E402

# Each process makes a test database of its own, so that two runs never meet. A file, not memory:
# only there do threads race for the lock as they do in production.
DATABASES["default"]["TEST"] = {
    "NAME": f"{SCRATCH}/tests.sqlite3"
    if DATABASES["default"]["ENGINE"].endswith("sqlite3")
    else f"{DATABASES['default']['NAME']}_{os.getpid()}"
}

# What a hash costs decides nothing but how long the tests take: a third of it. Those about the
# cost set their own, and the servers that tests start hash like production's.
PRODUCTION_ARGON2_MEMORY_KIB = POLICY_ARGON2_MEMORY_KIB
POLICY_ARGON2_MEMORY_KIB = 1024

# Tests that want a set of breached passwords make one (tests/support/breaches.py).
BREACHED_PASSWORDS_FILE = ""

# Nothing was collected: pages name static files as they stand in the tree.
STATIC_ROOT = SCRATCH / "static"
STATIC_ROOT.mkdir()
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
