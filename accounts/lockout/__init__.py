"""What costs or guesses is counted, in the database, before it is done. docs/sessions.md, Limits."""
