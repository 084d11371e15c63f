"""People and how they get in, on django-allauth."""
