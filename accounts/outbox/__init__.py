"""Letters: composed before the act, written down in its transaction, sent by the worker."""
