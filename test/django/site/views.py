"""What the site answers: JSON, from values in the query. Values of the session are JSON too."""

import json
from collections.abc import Callable
from threading import Event
from typing import Any

from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.urls import path
from django.views.decorators.csrf import csrf_exempt, csrf_protect

GATE_SECONDS = 20
gates: dict[str, tuple[Event, Event]] = {}


def gate(name: str) -> tuple[Event, Event]:
    """Where a slow request waits: `arrived` is set by it, `opened` by another one."""
    return gates.setdefault(name, (Event(), Event()))


def untouched(request: HttpRequest) -> JsonResponse:
    return JsonResponse({})


def whoami(request: HttpRequest) -> JsonResponse:
    user = getattr(request, "user", AnonymousUser())
    session = request.session
    return JsonResponse(
        {
            "user": user.get_username() if user.is_authenticated else None,
            "id": str(user.pk) if user.is_authenticated else None,
            "key": session.session_key,
            "data": dict(session.items()),
        }
    )


def claims(request: HttpRequest) -> JsonResponse:
    return JsonResponse(request.session.get("jwt", {}))


def log_in(request: HttpRequest) -> JsonResponse:
    user = authenticate(request, username=request.GET["username"], password=request.GET["password"])
    if user is None:
        return JsonResponse({"user": None}, status=401)
    login(request, user)
    return whoami(request)


def log_out(request: HttpRequest) -> JsonResponse:
    logout(request)
    return JsonResponse({"user": None})


def change_password(request: HttpRequest) -> JsonResponse:
    request.user.set_password(request.GET["password"])
    request.user.save()
    update_session_auth_hash(request, request.user)
    return whoami(request)


def values(request: HttpRequest) -> dict[str, Any]:
    return {name: json.loads(value) for name, value in request.GET.items()}


def set_values(request: HttpRequest) -> JsonResponse:
    request.session.update(values(request))
    return whoami(request)


def delete_value(request: HttpRequest, name: str) -> JsonResponse:
    request.session.pop(name, None)
    return whoami(request)


def increment(request: HttpRequest, name: str) -> JsonResponse:
    request.session[name] = request.session.get(name, 0) + 1
    return whoami(request)


def slow(request: HttpRequest, name: str) -> JsonResponse:
    """Reads the session, waits for its gate to open, and then sets the values, if there are any."""
    request.session.get("loaded")
    arrived, opened = gate(name)
    arrived.set()
    if not opened.wait(GATE_SECONDS):
        return JsonResponse({"because": "nobody opened the gate"}, status=504)
    request.session.update(values(request)) if request.GET else None
    return JsonResponse({})


def await_slow(request: HttpRequest, name: str) -> JsonResponse:
    """Answers when the slow request has read its session."""
    return JsonResponse({"arrived": gate(name)[0].wait(GATE_SECONDS)})


def open_gate(request: HttpRequest, name: str) -> JsonResponse:
    gate(name)[1].set()
    return JsonResponse({})


def set_expiry(request: HttpRequest) -> JsonResponse:
    request.session.set_expiry(json.loads(request.GET["value"]))
    return JsonResponse({"age": request.session.get_expiry_age()})


def expiry_age(request: HttpRequest) -> JsonResponse:
    at_close = request.session.get_expire_at_browser_close()
    return JsonResponse({"age": request.session.get_expiry_age(), "atBrowserClose": at_close})


def cycle_key(request: HttpRequest) -> JsonResponse:
    request.session.cycle_key()
    return whoami(request)


def flush(request: HttpRequest) -> JsonResponse:
    request.session.flush()
    return whoami(request)


def message(request: HttpRequest) -> JsonResponse:
    messages.info(request, request.GET["text"])
    return JsonResponse({})


def read_messages(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"messages": [str(each) for each in messages.get_messages(request)]})


def csrf_token(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"token": get_token(request)})


def fail(request: HttpRequest, status: int) -> JsonResponse:
    """Sets the values and answers with an error."""
    request.session.update(values(request))
    return JsonResponse({}, status=status)


@csrf_protect
def protected(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"passed": True})


def route(pattern: str, view: Callable[..., HttpResponse]) -> Any:
    return path(pattern, csrf_exempt(view))


urlpatterns = [
    route("untouched", untouched),
    route("whoami", whoami),
    route("claims", claims),
    route("login", log_in),
    route("logout", log_out),
    route("password", change_password),
    route("set", set_values),
    route("delete/<name>", delete_value),
    route("increment/<name>", increment),
    route("slow/<name>", slow),
    route("await/<name>", await_slow),
    route("open/<name>", open_gate),
    route("expiry", expiry_age),
    route("expiry/set", set_expiry),
    route("cycle", cycle_key),
    route("flush", flush),
    route("message", message),
    route("messages", read_messages),
    route("fail/<int:status>", fail),
    route("csrf", csrf_token),
    path("protected", protected),
]
