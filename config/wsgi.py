"""The pages and `/api/v1`, as a WSGI application."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import resolve

# A page makes tens of thousands of objects that are gone with it; Python would look through all
# that it has for rubbish several times in each. Rounds are fewer so, and shorter: what is loaded by
# now stays.
ROUNDS = (50_000, 20, 50)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
resolve("/")  # loads every page's code
gc.collect()
gc.freeze()
gc.set_threshold(*ROUNDS)
