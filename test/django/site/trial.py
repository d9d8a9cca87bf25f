"""What one setting does: the middleware made anew in this process, and a login by Django's client."""

import json
import sys
from typing import Any

import settings
from django.conf import settings as of_django
from django.contrib.sessions.models import Session
from django.test import Client, override_settings


def trial(middleware: str, options: dict[str, Any], code: str) -> dict[str, Any] | None:
    """None where the server does not start.

    `code` changes the settings as no JSON can. Django reads them here as names of a module, so that
    CALLABLE may be a function of `settings`.
    """
    names: dict[str, Any] = {
        "MIDDLEWARE": [settings.MIDDLEWARES[middleware], *of_django.MIDDLEWARE[1:]],
        "DJANGO_SESSION_JWT": settings.with_tuples({**of_django.DJANGO_SESSION_JWT, **options}),
    }
    exec(code, names)
    settings.extra = names.get("extra")
    del names["__builtins__"]
    # It reads the settings when it is imported.
    sys.modules.pop("django_session_jwt.middleware.session", None)
    sys.modules.pop("django_session_jwt.middleware", None)
    Session.objects.all().delete()
    with override_settings(**{name: names[name] for name in names if name.isupper()}):
        client = Client(raise_request_exception=False)
        try:
            client.handler.load_middleware()
        except Exception:
            return None
        return log_in(client)


def log_in(client: Client) -> dict[str, Any]:
    login = client.post("/login?username=alice&password=first-half")
    cookie = login.cookies.get("sessionid")
    return {
        "status": login.status_code,
        "token": cookie.value if cookie else "",
        "isStored": any("_auth_user_id" in row.get_decoded() for row in Session.objects.all()),
        "next": client.post("/whoami").status_code,
    }
