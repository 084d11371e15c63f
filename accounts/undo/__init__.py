"""Undo: every change of how an account is reached keeps what was before it for some days. The link in
the letters about it stops the change and nothing more; with a proof from before, it is put back."""
