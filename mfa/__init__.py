"""Second factors, each a django-otp `Device`, and their step in the login road."""
