"""Input of the worst kind, and what may not come of it in the log and in the tables."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from hypothesis import strategies as st

from authsite.logs import JsonFormatter, PlainFormatter
from tests.support import cast
from tests.support.stored import Text, texts

# Typed into every field that asks for a secret, alone and as part of something longer.
SECRET = "Typed-as-a-secret-7f3a"
# Around everything long: where the one is kept, the other must be.
HEAD, TAIL = "zzheadzz", "zztailzz"
LENGTHS = (130, 151, 255, 401, 501, 1017, 70_000)
LONG = [HEAD + "x" * (length - len(HEAD + TAIL)) + TAIL for length in LENGTHS]
LONG += [f"{HEAD}{'x' * length}{TAIL}@example.org" for length in (40, 300)]
FORMS = {
    "application/x-www-form-urlencoded": b"login=" + SECRET.encode() + b"&password=%ff%00",
    "multipart/form-data; boundary=x": b'--x\r\nContent-Disposition: form-data; name="password"'
    b"\r\n\r\n" + SECRET.encode() + b"\r\n--x--\r\n",
}
# Codecs that Python knows and no browser sends: some are not of text, some only fail, and some make
# lone surrogates, which nothing can be written with, out of what is typed.
SURROGATES = {"unicode_escape": b"\\ud800", "raw_unicode_escape": b"\\udfff", "utf-7": b"+2AA-"}
CHARSETS = [
    *SURROGATES, "rot13", "hex", "base64", "zlib", "bz2", "uu", "quopri", "idna", "punycode",
    "undefined", "utf-16", "utf-32", "utf-8-sig", "latin-1", "ascii", "nonsense", "x" * 300, "",
]  # fmt: skip


def multipart(typed: bytes) -> bytes:
    """A body with `typed` in whatever a page shows again."""
    head = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    return (
        b"".join(head % (name, typed) for name in (b"login", b"email", b"name", b"next")) + b"--x--"
    )


KINDS = [
    *FORMS,
    *(f"multipart/form-data; boundary=x; charset={charset}" for charset in CHARSETS),
    "application/x-www-form-urlencoded; charset=utf-7",
    "application/x-www-form-urlencoded; charset=nonsense",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/mixed; boundary=x",
    "application/json",
    "text/xml",
    "nonsense",
    "",
]
# What the forms of the site would take, all of them at once.
SECRETS = {
    "password": cast.PASSWORD,
    "oldpassword": cast.PASSWORD,
    "password1": "nine lanterns over the marsh",
    "password2": "nine lanterns over the marsh",
    "code": "BBBB-BBBB",
}
VALID = SECRETS | {
    "login": "wanda",
    "email": "sam@example.org",
    "username": "sam-the-second",
    "name": "Sam",
    "action": "main",
    "next": "/accounts/profile/",
    "language": "en",
    "time_zone": "UTC",
    "appearance": "dark",
    "end_others": "on",
    "reason": "ticket 4411",
    "seen": "1",
    "is_active": "on",
    "is_staff": "on",
    "groups": "1",
    "user_permissions": "1",
    "permissions": "1",
    "post": "yes",
    "q": "sam",
    "o": "1",
    "_selected_action": "1",
    "_changelist_filters": "q=sam",
}
ACTIONS = ["main", "remove", "resend", "send_reset_letter", "delete_selected"]
NASTY = st.one_of(
    st.text(max_size=40),
    st.sampled_from(LONG),
    st.sampled_from(ACTIONS),
    st.sampled_from(
        [
            "",
            "\x00",
            "a\x00b",
            "\ufffd",
            "ｓａｍ＠ｅｘａｍｐｌｅ．ｃｏｍ",
            "ｗａｎｄａ",
            "\u202egnihton",
            "שלום@example.org",
            "sam@example.org\r\nBcc: x@example.org",
            "١٢٣٤٥٦",
            "<script>alert(1)</script>",
            "' OR 1=1 --",
            "{{ 7*7 }}{% debug %}",
            "../../etc/passwd",
            "//evil.example/",
            "%00%ff",
            "-1",
            "99999999999999999999999",
            "9223372036854775808",
        ]
    ),
)
SECRET_LIKE = st.sampled_from(
    [
        SECRET,
        f" {SECRET} ",
        f"{SECRET}\x00",
        SECRET + "x" * 600,
        SECRET + "é" * 70_000,
        f"١{SECRET}",
    ]
)


def typed(field: str) -> st.SearchStrategy[list[str]]:
    """Missing, once or repeated; a secret's field takes secrets besides."""
    values = st.one_of(SECRET_LIKE, NASTY) if field in SECRETS else NASTY
    return st.lists(values, max_size=2)


FIELDS = st.sets(st.sampled_from(sorted(VALID)), max_size=4).flatmap(
    lambda names: st.fixed_dictionaries({name: typed(name) for name in sorted(names)})
)
QUERY = st.dictionaries(st.sampled_from(sorted(VALID)), st.one_of(NASTY, SECRET_LIKE), max_size=2)


# --- Watching the log and the tables --------------------------------------------------------------


class Everything(logging.Handler):
    """Each record as the site writes it, and with all that Python itself would say of it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.kinds = JsonFormatter(), PlainFormatter(), logging.Formatter("%(name)s %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [kind.format(record) for kind in self.kinds]
        self.lines += [repr(record.args), repr(record.exc_text), repr(record.__dict__.get("sql"))]


@contextmanager
def a_log_without_secrets() -> Iterator[None]:
    root, everything = logging.getLogger(), Everything()
    level = root.level
    root.addHandler(everything)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(everything)
        root.setLevel(level)
    for line in everything.lines:
        assert SECRET.lower() not in line.lower(), line[:2000]


def assert_nothing_is_cut_or_kept_that_may_not_be() -> None:
    for kept in texts():
        _is_fine(kept)


@lru_cache(maxsize=100_000)
def _is_fine(kept: Text) -> None:
    """Kept for the next time: most of what lies there was there before."""
    text = kept.text
    assert SECRET.lower() not in text.lower(), kept.where
    assert "\x00" not in text and "\\u0000" not in text, kept.where
    assert kept.room is None or len(text) <= kept.room, kept.where
    whole = text.lower().count(HEAD) == text.lower().count(TAIL)
    # What is only shown may be shortened, with a mark that says so.
    assert whole or (kept.where == "label in the trail" and text.endswith("…")), kept.where


# What is typed as a code and is none; each is a clear error, and compared with nothing.
NASTY_CODES = [
    "",
    " ",
    "+12345",
    "-12345",
    "1_2345",
    "12345",
    "1234567",
    "1" * 10_000,
    "0x1234",
    "1e5000",
    "12 34 5",
    "abcdef",
    "\x00123456",
    "12345\u202e6",
    "①②③④⑤⑥",
    "½½½½½½",
    "一二三四五六",
    "😀😀😀😀😀😀",
    "'; DROP TABLE mfa_authenticatorapp; --",
    "<script>alert(1)</script>",
    "\ufffd" * 6,
]
