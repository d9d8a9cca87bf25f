"""A small site, set up by the JSON in DJANGO_SITE, whose settings have the last word."""

import json
import os
from pathlib import Path
from typing import Any

import pymysql

# Pure Python, in place of mysqlclient, which is built on the machine.
pymysql.install_as_MySQLdb()

SITE = json.loads(os.environ["DJANGO_SITE"])
FOLDER = Path(SITE["folder"])

MIDDLEWARES = {
    "plain": "django.contrib.sessions.middleware.SessionMiddleware",
    "stock": "django_session_jwt.middleware.SessionMiddleware",
    "shipped": "symbolon_django.SessionMiddleware",
}


def database(engine: str, port: int = 0, name: str = "", **_: Any) -> dict[str, Any]:
    server = {"HOST": "127.0.0.1", "PORT": port, "PASSWORD": ""}
    if engine == "postgres":
        kind = {"ENGINE": "django.db.backends.postgresql", "USER": "postgres", **server}
        return {**kind, "NAME": name or "postgres"}
    if engine == "mariadb":
        return {
            "ENGINE": "django.db.backends.mysql",
            "USER": "root",
            **server,
            "NAME": name or "test",
        }
    # Threads of this site and other processes write at once: wait for each other.
    options = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL",
    }
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name or FOLDER / "site.db",
        "OPTIONS": options,
    }


def cache(redis: str | None) -> dict[str, Any]:
    if redis is None:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis}


def with_tuples(options: dict[str, Any]) -> dict[str, Any]:
    """JSON knows lists only; django-session-jwt asks for tuples in FIELDS and KEY."""

    def as_tuple(value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    fields = [as_tuple(field) for field in options.get("FIELDS", [])]
    return {**options, "KEY": as_tuple(options.get("KEY", SECRET_KEY)), "FIELDS": fields}


DEBUG = False
ALLOWED_HOSTS = ["*"]
SECRET_KEY = "a secret of the site that is only for tests, 2f8c1d"
USE_TZ = True
ROOT_URLCONF = "views"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
]
MIDDLEWARE = [
    MIDDLEWARES[SITE["middleware"]],
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
DATABASES = {"default": database(**SITE["database"])}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": cache(SITE.get("redis"))}
SESSION_ENGINE = f"django.contrib.sessions.backends.{SITE['engine']}"
SESSION_FILE_PATH = str(FOLDER)
# As fast as it gets; what hashes passwords is Django's affair.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGGING = {"version": 1, "disable_existing_loggers": True}
DJANGO_SESSION_JWT = {
    "KEY": "a key of the tokens that is only for tests, 91be07",
    "FIELDS": [["id", "u", "user_id"], ["username", "n"], "email"],
    "EXPIRES": 900,
}

globals().update(SITE["settings"])
DJANGO_SESSION_JWT = with_tuples(DJANGO_SESSION_JWT)
