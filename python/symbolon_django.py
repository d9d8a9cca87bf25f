"""Django sessions whose cookie is a JWT: in place of django-session-jwt's middleware.

    MIDDLEWARE = ["symbolon_django.SessionMiddleware", ...]

Cookie and settings (`DJANGO_SESSION_JWT`) are those of django-session-jwt, and either of the two
reads what the other one wrote. The difference: the session in the store is the authority, and the
token only points to it. A token is signed for a living session alone, with the fields of
`request.user`; nothing is saved but what a view changed; and a token that cannot be read is an
anonymous visitor. Needs Django 4.2 or later and PyJWT 2.6 or later.
"""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from operator import attrgetter
from os.path import isfile
from pathlib import Path
from typing import Any

import jwt
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.core.exceptions import ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

# What Django makes: the cookie of a site before it had tokens.
PLAIN_KEY = re.compile(r"[a-z0-9]{32}")
KEY_FILE = re.compile(r"\.(pem|key|pub|crt|der)$", re.IGNORECASE)
LEEWAY_SECONDS = 60
# For services that verify `iat` without leeway, by a clock that is behind this one.
ISSUED_BEFORE_SECONDS = 5


@dataclass(frozen=True)
class Token:
    session_key: str
    claims: Mapping[str, Any]  # By short and long names, without the session key.
    is_due: bool  # Whether the browser should get a new one.


class Tokens:
    """Reads and signs tokens as DJANGO_SESSION_JWT says, which it checks first."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.session_field: str = options.get("SESSION_FIELD", "sk")
        self.reserved = {self.session_field, "iat", "exp", "nbf", "aud"}
        self.fields = [_names_of(field) for field in options.get("FIELDS") or []]
        self.expires = options.get("EXPIRES") or None
        self.callable = import_string(options["CALLABLE"]) if options.get("CALLABLE") else None
        key = options.get("KEY", settings.SECRET_KEY)
        self.signing_key, verifying_key, self.algorithm = _keys_of(key)
        fallbacks = settings.SECRET_KEY_FALLBACKS if key == settings.SECRET_KEY else []
        self.verifying_keys = [verifying_key, *fallbacks]
        self._check()

    def read(self, cookie: str) -> Token | None:
        if PLAIN_KEY.fullmatch(cookie):
            return Token(cookie, {}, is_due=True)
        for key in self.verifying_keys:
            claims = self._verify(cookie, key)
            if claims is not None:
                session_key = claims.pop(self.session_field)
                longs = {long: claims[short] for _, short, long in self.fields if short in claims}
                is_due = key is not self.verifying_keys[0] or _is_past_half_life(claims)
                return Token(session_key, {**claims, **longs}, is_due)
        return None

    def claims_of(self, user: Any, seconds: float) -> dict[str, Any]:
        """What a token says beside the session key, for as many seconds at most."""
        now = int(time.time())
        claims: dict[str, Any] = {"iat": now - ISSUED_BEFORE_SECONDS}
        if self.expires is not None:
            claims["exp"] = now + int(min(self.expires, seconds))
        for attribute, short, _ in self.fields:
            try:
                claims[short] = attrgetter(attribute)(user)
            except AttributeError:
                continue  # As in django-session-jwt: what a user has not is left out.
        claims.update(self._extra(user))
        for name, value in claims.items():
            try:
                json.dumps(value, cls=DjangoJSONEncoder)
            except TypeError as error:
                raise _misconfigured(f"JSON cannot carry the value of {name!r}.") from error
        return claims

    def sign(self, session_key: str, claims: Mapping[str, Any]) -> str:
        payload = {self.session_field: session_key, **claims}
        return jwt.encode(payload, self.signing_key, self.algorithm, json_encoder=DjangoJSONEncoder)

    def _verify(self, cookie: str, key: Any) -> dict[str, Any] | None:
        # Whether it has expired is for services to ask; here the session decides.
        options: Any = {"verify_exp": False, "verify_sub": False, "verify_jti": False}
        try:
            claims = jwt.decode(cookie, key, [self.algorithm], options, leeway=LEEWAY_SECONDS)
        except Exception:  # The key is known to be good: whatever fails, a visitor sent it.
            return None
        return claims if isinstance(claims.get(self.session_field), str) else None

    def _extra(self, user: Any) -> Mapping[str, Any]:
        if self.callable is None:
            return {}
        takes_user = len(signature(self.callable).parameters) > 0
        extra = (self.callable(user) if takes_user else self.callable()) or {}
        if self.reserved & extra.keys():
            raise _misconfigured(f"CALLABLE may not return any of {sorted(self.reserved)}.")
        return extra

    def _check(self) -> None:
        if not isinstance(self.expires, (int, float, type(None))):
            raise _misconfigured("EXPIRES must be a number of seconds.")
        names = [name for _, short, long in self.fields for name in {short, long}]
        if len(names) != len(set(names)) or self.reserved & set(names):
            raise _misconfigured(f"FIELDS has a name twice, or one of {sorted(self.reserved)}.")
        try:
            tried = self._verify(self.sign("tried", {}), self.verifying_keys[0])
        except Exception as error:
            raise _misconfigured("KEY cannot sign.") from error
        if tried is None:
            raise _misconfigured("the two keys in KEY are not a pair.")


class SessionMiddleware(DjangoSessionMiddleware):
    """Django's own, with a token around the session key; wrong settings stop it at its start."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self.tokens = Tokens(getattr(settings, "DJANGO_SESSION_JWT", {}))
        self.SessionStore = _with_claims(import_module(settings.SESSION_ENGINE).SessionStore)

    def process_request(self, request: HttpRequest) -> None:
        token = self.tokens.read(request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""))
        session: Any = self.SessionStore(token.session_key if token else None)
        session.token = token
        request.session = session

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session: Any = request.session
        name = settings.SESSION_COOKIE_NAME
        saves = session.modified or settings.SESSION_SAVE_EVERY_REQUEST
        if response.status_code >= 500 or not (saves or self._is_due(session, response)):
            return super().process_response(request, response)
        # Before anything is saved: it may fail, and asking for the user may end the session.
        claims = self.tokens.claims_of(_user_of(request), session.get_expiry_age())
        response = super().process_response(request, response)
        if name not in response.cookies and self._is_alive(session.session_key):
            self._set_cookie(response, session)
        if name in response.cookies and response.cookies[name].value:
            response.cookies[name] = self.tokens.sign(session.session_key, claims)
        return response

    def _is_due(self, session: Any, response: HttpResponse) -> bool:
        """A renewal waits for an answer that depends on the session and no cache may share."""
        is_shared = response.status_code == 304 or "public" in response.get("Cache-Control", "")
        return session.accessed and session.token and session.token.is_due and not is_shared

    def _is_alive(self, session_key: str | None) -> bool:
        """Asks the store anew, as another request may have logged out meanwhile."""
        stored = self.SessionStore(session_key)
        return session_key is not None and bool(stored.load()) and stored.session_key == session_key

    def _set_cookie(self, response: HttpResponse, session: SessionBase) -> None:
        """As Django does when it has saved; a renewal saves nothing."""
        response.set_cookie(
            settings.SESSION_COOKIE_NAME,
            session.session_key or "",
            max_age=None if session.get_expire_at_browser_close() else session.get_expiry_age(),
            domain=settings.SESSION_COOKIE_DOMAIN,
            path=settings.SESSION_COOKIE_PATH,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=settings.SESSION_COOKIE_HTTPONLY,
            samesite=settings.SESSION_COOKIE_SAMESITE,
        )


def _with_claims(engine: type[SessionBase]) -> Any:
    """The engine, where `session["jwt"]` reads the claims of the token, and saves none of them."""

    class SessionStore(engine):  # type: ignore[misc,valid-type]
        token: Token | None = None

        def __getitem__(self, name: str) -> Any:
            claims = self._claims() if name == "jwt" else None
            return claims or super().__getitem__(name)

        def __contains__(self, name: str) -> bool:
            return bool(name == "jwt" and self._claims()) or super().__contains__(name)

        def get(self, name: str, default: Any = None) -> Any:
            return self[name] if name in self else default

        def _claims(self) -> Mapping[str, Any] | None:
            self._get_session()  # Forgets its key if there is no such session.
            token = self.token
            return token.claims if token and token.session_key == self.session_key else None

    # A part of the key that the data are signed with.
    SessionStore.__qualname__ = engine.__qualname__
    return SessionStore


def _names_of(field: Any) -> tuple[str, str, str]:
    """Attribute, short and long name; the last one stands for those that are missing."""
    names = [field] if isinstance(field, str) else list(field)
    if not 1 <= len(names) <= 3:
        raise _misconfigured("one to three names are needed for each of FIELDS.")
    attribute, short, long = (names + names[-1:] * 2)[:3]
    return attribute, short, long


def _keys_of(key: Any) -> tuple[Any, Any, str]:
    """The key that signs, the one that verifies, and the algorithm."""
    if isinstance(key, (tuple, list)) and len(key) == 2:
        return _key_of(key[0]), _key_of(key[1]), "RS256"
    return _key_of(key), _key_of(key), "HS256"


def _key_of(key: Any) -> str | bytes:
    """A file's content, as it is, or the text itself."""
    if not isinstance(key, str) or not key:
        raise _misconfigured("KEY must be a text, a file's path, or a pair of them.")
    if isfile(key):
        return Path(key).read_bytes()
    if KEY_FILE.search(key):
        raise _misconfigured("KEY names a file that does not exist.")
    return key


def _user_of(request: HttpRequest) -> Any:
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


def _is_past_half_life(claims: Mapping[str, Any]) -> bool:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, (int, float)) or not isinstance(expires, (int, float)):
        return False
    return time.time() >= (issued + expires) / 2


def _misconfigured(what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"DJANGO_SESSION_JWT: {what}")
