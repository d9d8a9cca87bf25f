"""A site as small as it gets; what it shares with the Node app is in the environment."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).parent

SECRET_KEY = os.environ["SECRET_KEY"]
NODE_ORIGIN = os.environ["NODE_ORIGIN"]
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "views"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
]
MIDDLEWARE = [
    "symbolon_django.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["DATABASE"],
        # Django and Node write to it at once: wait for each other.
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
# The site's requests are not told of, its errors are, on the console of the demo.
LOGGING = {
    "version": 1,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "ERROR"},
    "loggers": {"django.server": {"level": "CRITICAL"}},
}

DJANGO_SESSION_JWT = {
    "KEY": os.environ["TOKEN_KEY"],
    "FIELDS": [("id", "u", "user_id"), ("first_name", "n", "name")],
    "EXPIRES": 15 * 60,
}
