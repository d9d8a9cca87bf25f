import platform
from pathlib import Path
from urllib.parse import urlencode

import django
from django.conf import settings
from django.contrib import auth
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

DEMO = Path(__file__).parents[2]
STYLES = {"style.css": DEMO / "public/style.css", "half.css": DEMO / "django/public/half.css"}
POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; "
    f"base-uri 'none'; frame-ancestors {settings.NODE_ORIGIN}"
)


def half(request: HttpRequest) -> HttpResponse:
    page = {
        "made": f"{django.__version__}, Python {platform.python_version()}",
        "user": request.user,
        "words": request.session.get("words", []),
        "refused": request.GET.get("refused"),
    }
    response = render(request, "half.html", page)
    response["Content-Security-Policy"] = POLICY
    return response


@require_POST
def log_in(request: HttpRequest) -> HttpResponse:
    name = request.POST.get("name", "")
    user = auth.authenticate(request, username=name, password=request.POST.get("password"))
    if user is None:
        return redirect("/?" + urlencode({"refused": name}))
    auth.login(request, user)
    return redirect("/")


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return redirect("/")


@require_POST
def add_word(request: HttpRequest) -> HttpResponse:
    word = {"text": request.POST["word"], "by": "Django"}
    request.session["words"] = [*request.session.get("words", []), word]
    return redirect("/")


def style(request: HttpRequest, name: str) -> FileResponse:
    return FileResponse(STYLES[name].open("rb"))


urlpatterns = [
    path("", half),
    path("login", log_in),
    path("logout", log_out),
    path("words", add_word),
    *(path(name, style, {"name": name}) for name in STYLES),
]
