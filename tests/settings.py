"""The product's settings, the toy kind, and cheap passwords."""

from config.settings import *  # noqa: F403
from config.settings import BASE_DIR, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.toy"]

# Argon2 is slow on purpose, and the tests make hundreds of people.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Pages are served from the sources: nothing is collected for a test, and whitenoise warns of a
# folder that is not there.
STATIC_ROOT = BASE_DIR / "static"
