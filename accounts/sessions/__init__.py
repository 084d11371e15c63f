"""Sessions: one row each, found by the digest of the cookie. docs/sessions.md tells the whole."""
