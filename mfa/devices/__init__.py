"""The second factors, one a module, each a django-otp `Device`."""
