"""Serves the site on a free port of the loopback, and does as the lines on its standard input say.

The first line it prints is `{"port": 1234}`. Every line it reads is `{"id", "op", ...}`, and is
answered by one line `{"id", "result"}` or `{"id", "error"}`. It ends with its input.
"""

import base64
import json
import os
import sys
import threading
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.sessions.backends import db  # noqa: E402
from django.core.cache.backends.redis import RedisSerializer  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Handler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def serve() -> int:
    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def add_users() -> None:
    User = get_user_model()
    for name, password in settings.SITE["users"].items():
        user, is_new = User.objects.get_or_create(username=name, email=f"{name}@site.example")
        if is_new:
            user.set_password(password)
            user.save()


def python(code: str) -> Any:
    """Runs statements; what they leave in `result` is the answer."""
    names: dict[str, Any] = {"User": get_user_model(), "SessionStore": db.SessionStore}
    exec(code, names)
    return names.get("result")


OPERATIONS = {
    "python": python,
    "encode": lambda data: db.SessionStore().encode(data),
    "decode": lambda text: db.SessionStore().decode(text),
    "pickle": lambda data: base64.b64encode(RedisSerializer().dumps(data)).decode(),
    "unpickle": lambda text: RedisSerializer().loads(base64.b64decode(text)),
}


def answer(line: str) -> dict[str, Any]:
    order = json.loads(line)
    number = order.pop("id")
    try:
        return {"id": number, "result": OPERATIONS[order.pop("op")](**order)}
    except Exception as error:
        return {"id": number, "error": f"{type(error).__name__}: {error}"}


def say(message: dict[str, Any]) -> None:
    print(json.dumps(message, default=str), flush=True)


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    add_users()
    say({"port": serve()})
    for line in sys.stdin:
        say(answer(line))
