"""Django's Argon2 with the parameters that the bench gives to our site."""

from __future__ import annotations

import os

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    memory_cost = int(os.environ["POLICY_ARGON2_MEMORY_KIB"])
    time_cost = int(os.environ["POLICY_ARGON2_PASSES"])
    parallelism = 1
