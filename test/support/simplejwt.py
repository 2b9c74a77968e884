# What does the real SimpleJWT make, and what does it accept? Reads one request as JSON, answers as JSON.
import json
import sys
from datetime import timedelta
from types import SimpleNamespace

import django
from django.conf import settings

request = json.load(sys.stdin)
settings.configure(
    SECRET_KEY=request["secretKey"],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework_simplejwt"],
    SIMPLE_JWT=request.get("settings", {}),
    USE_TZ=True,
)
django.setup()

from rest_framework_simplejwt.authentication import JWTStatelessUserAuthentication  # noqa: E402
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken, TokenError  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, SlidingToken  # noqa: E402

KINDS = {"access": AccessToken, "refresh": RefreshToken, "sliding": SlidingToken}


def make(command):
    token = KINDS[command["kind"]].for_user(SimpleNamespace(id=command["userId"]))
    if "lifetime" in command:
        token.set_exp(lifetime=timedelta(seconds=command["lifetime"]))
    return {"token": str(token)}


def renew(command):
    """As TokenRefreshView does, with a refresh token of an earlier sign-in."""
    if command["ownIat"]:
        RefreshToken.no_copy_claims += ("iat",)
    refresh = RefreshToken.for_user(SimpleNamespace(id=command["userId"]))
    refresh.set_iat(at_time=refresh.current_time - timedelta(seconds=command["age"]))
    return {"token": str(refresh.access_token)}


def verify(command):
    """As a view of Django REST framework does."""
    authentication = JWTStatelessUserAuthentication()
    try:
        token = authentication.get_validated_token(command["token"].encode())
        return {"ok": True, "userId": authentication.get_user(token).id, "payload": token.payload}
    except (AuthenticationFailed, InvalidToken, TokenError) as error:
        return {"ok": False, "error": str(error)}


ACTS = {"make": make, "renew": renew, "verify": verify}
json.dump([ACTS[command["act"]](command) for command in request["commands"]], sys.stdout)
