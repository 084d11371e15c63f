"""`python -m tests.bench.plain.people`: the database, and those who sign in while it is measured."""

from __future__ import annotations

import sys

import django


def main(people: int) -> None:
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from tests.bench import crowd
    from tests.bench.acts import RESIDENTS

    call_command("migrate", verbosity=0)
    first = User.objects.create_user("first", password=crowd.PASSWORD)
    names = [crowd.name(crowd.actor(which, people)) for which in range(RESIDENTS)]
    User.objects.bulk_create(User(username=name, password=first.password) for name in names)


if __name__ == "__main__":
    main(int(sys.argv[1]))
