"""Writes the `.env` of a development site, once: `python authsite/bootstrap.py`.

Standard library only: it runs before anything is installed. It never touches a file that exists,
so keys are made once and what they sealed stays readable.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TEMPLATE = """\
# Made by `make run` for development on this machine; docs/settings.md explains every line and
# lists what else may stand here. The environment wins over this file. Keep it secret.
DEBUG=on
SITE_URL=http://localhost:8000
ALLOWED_HOSTS=localhost,127.0.0.1,[::1]
SECRET_KEY={secret_key}
FIELD_KEYS={key_id}:{field_key}
PASSWORD_PEPPERS={key_id}:{pepper}
"""


def new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def write(path: Path) -> bool:
    """Write the file readable by its owner alone; False if there is one already."""
    text = TEMPLATE.format(
        secret_key=secrets.token_urlsafe(48),
        key_id=f"k{datetime.now(UTC):%Y%m}",
        field_key=new_key(),
        pepper=new_key(),
    )
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    try:
        os.link(draft, path)  # whole or not at all, and never over an existing one
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


if __name__ == "__main__":
    if write(ROOT / ".env"):
        sys.stderr.write("Wrote .env with new keys (development mode)\n")
