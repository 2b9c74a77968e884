# What do the tutorials on cookie authentication with Django build? Each of them as it is written, in one file, on the real libraries.
#
# python3 drf_site.py VARIANT FOLDER, VARIANT being refresh, csrf or token. Prints the port that it listens on.
#
# What is added to each: two users, a view that answers who is signed in where the text has none, and a view that changes something, both
# with the authentication that the text sets up. Not built: CORS for a front end elsewhere, the admin site, and what the texts announce
# for a second part.
import os
import sys
from datetime import datetime, timedelta

# This file has the library's name: its folder is not where modules are looked for.
sys.path[:] = [entry for entry in sys.path if entry not in ("", os.path.dirname(os.path.abspath(__file__)))]

import django  # noqa: E402
from django.conf import settings  # noqa: E402

VARIANT, FOLDER = sys.argv[1], sys.argv[2]
SECRET_KEY = "django-insecure-for-tests-only-0123456789-abcdefghijklmnopqrstuvwxyz"
USERS = ("ada", "grace")
PASSWORD = "correct horse battery staple"

SIMPLE_JWT = {
    "refresh": {
        "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
        "REFRESH_TOKEN_LIFETIME": timedelta(days=30),
        "AUTH_HEADER_TYPES": ("Bearer",),
        "AUTH_COOKIE_ACCESS": "access_token",
        "AUTH_COOKIE_REFRESH": "refresh_token",
        "AUTH_COOKIE_DOMAIN": None,
        "AUTH_COOKIE_SECURE": False,
        "AUTH_COOKIE_HTTP_ONLY": True,
        "AUTH_COOKIE_SAMESITE": "Lax",
        "AUTH_COOKIE_REFRESH_PATH": "/accounts/auth/",
    },
    "csrf": {
        "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
        "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
        "ROTATE_REFRESH_TOKENS": False,
        "BLACKLIST_AFTER_ROTATION": True,
        "UPDATE_LAST_LOGIN": False,
        "ALGORITHM": "HS256",
        "SIGNING_KEY": SECRET_KEY,
        "AUTH_HEADER_TYPES": ("Bearer",),
        "AUTH_COOKIE": "access_token",
        "AUTH_COOKIE_DOMAIN": None,
        "AUTH_COOKIE_SECURE": False,
        "AUTH_COOKIE_HTTP_ONLY": True,
        "AUTH_COOKIE_PATH": "/",
        "AUTH_COOKIE_SAMESITE": "Lax",
    },
    "token": {},
}[VARIANT]

AUTHENTICATION = {
    "refresh": "__main__.JWTCookieAuthentication",
    "csrf": "__main__.CustomAuthentication",
    "token": "rest_framework.authentication.TokenAuthentication",
}[VARIANT]

settings.configure(
    SECRET_KEY=SECRET_KEY,
    # As on a server: it is not the pages for developers that are looked at.
    DEBUG=False,
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "rest_framework",
        "rest_framework.authtoken",
        "rest_framework_simplejwt",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(FOLDER, "db.sqlite3")}},
    # Few rounds: what hashing costs is not what is looked at.
    PASSWORD_HASHERS=["__main__.QuickHasher"],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": (AUTHENTICATION,)},
    SIMPLE_JWT=SIMPLE_JWT,
)

from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: E402


class QuickHasher(PBKDF2PasswordHasher):
    iterations = 1000


sys.modules.setdefault(__name__, sys.modules["__main__"])
django.setup()

from rest_framework import exceptions  # noqa: E402
from rest_framework.authentication import CSRFCheck, TokenAuthentication  # noqa: E402
from rest_framework_simplejwt.authentication import JWTAuthentication  # noqa: E402

# The views look for these as soon as they are imported.


class JWTCookieAuthentication(JWTAuthentication):
    def authenticate(self, request):
        header = self.get_header(request)

        if header is None:
            raw_token = request.COOKIES.get(settings.SIMPLE_JWT["AUTH_COOKIE_ACCESS"]) or None
        else:
            raw_token = self.get_raw_token(header)

        if raw_token is None:
            return None

        validated_token = self.get_validated_token(raw_token)

        return self.get_user(validated_token), validated_token


def enforce_csrf(request):
    # As the text has it, CSRFCheck() fails in Django since 4.0, which wants to know what comes next.
    check = CSRFCheck(lambda _request: None)
    check.process_request(request)
    reason = check.process_view(request, None, (), {})
    if reason:
        raise exceptions.PermissionDenied("CSRF Failed: %s" % reason)


class CustomAuthentication(JWTAuthentication):
    def authenticate(self, request):
        header = self.get_header(request)

        if header is None:
            raw_token = request.COOKIES.get(settings.SIMPLE_JWT["AUTH_COOKIE"]) or None
        else:
            raw_token = self.get_raw_token(header)
        if raw_token is None:
            return None

        validated_token = self.get_validated_token(raw_token)
        enforce_csrf(request)
        return self.get_user(validated_token), validated_token


class CookieAuthentication(TokenAuthentication):
    def get_auth_token_from_cookie(self, request):
        return request.COOKIES.get("token")

    def authenticate(self, request):
        auth_token = self.get_auth_token_from_cookie(request)
        if not auth_token:
            return None
        return self.authenticate_credentials(auth_token)


from django.contrib.auth import authenticate  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.middleware import csrf  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import serializers, status  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied  # noqa: E402
from rest_framework.generics import GenericAPIView  # noqa: E402
from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError  # noqa: E402
from rest_framework_simplejwt.serializers import PasswordField  # noqa: E402
from rest_framework_simplejwt.tokens import RefreshToken  # noqa: E402
from rest_framework_simplejwt.views import TokenRefreshView  # noqa: E402


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ("id", "username", "first_name", "last_name")


class UserRetrieveAPIView(GenericAPIView):
    serializer_class = UserSerializer
    permission_classes = (IsAuthenticated,)

    def get_queryset(self):
        return self.request.user

    def get(self, request):
        serializer = self.get_serializer(instance=self.get_queryset())
        return Response(serializer.data, status=status.HTTP_200_OK)


class NoteView(APIView):
    permission_classes = (IsAuthenticated,)

    def post(self, request):
        request.user.first_name = str(request.data.get("text", ""))[:100]
        request.user.save()
        return Response({}, status=status.HTTP_200_OK)


# Access and refresh token, each in a cookie.


# The text hands over the timedelta as it is, which Django understands from 4.1 on.
def set_token_cookies(response, access_token=None, refresh_token=None):
    if access_token:
        response.set_cookie(
            key=settings.SIMPLE_JWT["AUTH_COOKIE_ACCESS"],
            value=access_token,
            max_age=int(settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"].total_seconds()),
            secure=settings.SIMPLE_JWT["AUTH_COOKIE_SECURE"],
            domain=settings.SIMPLE_JWT["AUTH_COOKIE_DOMAIN"],
            httponly=settings.SIMPLE_JWT["AUTH_COOKIE_HTTP_ONLY"],
            samesite=settings.SIMPLE_JWT["AUTH_COOKIE_SAMESITE"],
        )

    if refresh_token:
        response.set_cookie(
            key=settings.SIMPLE_JWT["AUTH_COOKIE_REFRESH"],
            value=refresh_token,
            max_age=int(settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"].total_seconds()),
            path=settings.SIMPLE_JWT["AUTH_COOKIE_REFRESH_PATH"],
            secure=settings.SIMPLE_JWT["AUTH_COOKIE_SECURE"],
            domain=settings.SIMPLE_JWT["AUTH_COOKIE_DOMAIN"],
            httponly=settings.SIMPLE_JWT["AUTH_COOKIE_HTTP_ONLY"],
            samesite=settings.SIMPLE_JWT["AUTH_COOKIE_SAMESITE"],
        )


class LoginSerializer(serializers.Serializer):
    username = serializers.CharField()
    password = PasswordField()


class LoginAPIView(APIView):
    serializer_class = LoginSerializer
    authentication_classes = ()
    permission_classes = ()

    def post(self, request):
        serializer = self.serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)

        username = serializer.validated_data["username"]
        password = serializer.validated_data["password"]
        user = authenticate(request, username=username, password=password)

        if not user:
            raise AuthenticationFailed

        response = Response({}, status=status.HTTP_200_OK)

        # Set auth cookies
        refresh = RefreshToken.for_user(user)
        set_token_cookies(response, str(refresh.access_token), str(refresh))

        return response


class RefreshTokenAPIView(TokenRefreshView):
    def post(self, request, *args, **kwargs):
        try:
            serializer = self.get_serializer(data={"refresh": self.get_refresh_token_from_cookie()})
            serializer.is_valid(raise_exception=True)
        except TokenError as e:
            raise InvalidToken(e.args[0]) from e

        response = Response({}, status=status.HTTP_200_OK)

        # Set auth cookies
        access_token = serializer.validated_data.get("access")
        refresh_token = serializer.validated_data.get("refresh")
        set_token_cookies(response, access_token, refresh_token)

        return response

    def get_refresh_token_from_cookie(self):
        refresh = self.request.COOKIES.get(settings.SIMPLE_JWT["AUTH_COOKIE_REFRESH"])
        if not refresh:
            raise PermissionDenied

        return refresh


# One cookie, and Django's CSRF token.


def get_tokens_for_user(user):
    refresh = RefreshToken.for_user(user)
    return {
        "refresh": str(refresh),
        "access": str(refresh.access_token),
    }


class LoginView(APIView):
    def post(self, request, format=None):
        data = request.data
        response = Response()
        username = data.get("username", None)
        password = data.get("password", None)
        user = authenticate(username=username, password=password)

        if user is not None:
            if user.is_active:
                data = get_tokens_for_user(user)
                response.set_cookie(
                    key=settings.SIMPLE_JWT["AUTH_COOKIE"],
                    value=data["access"],
                    # As the text has it, a timedelta, it fails in Django; this is what it means.
                    expires=datetime.now().astimezone() + settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"],
                    secure=settings.SIMPLE_JWT["AUTH_COOKIE_SECURE"],
                    httponly=settings.SIMPLE_JWT["AUTH_COOKIE_HTTP_ONLY"],
                    samesite=settings.SIMPLE_JWT["AUTH_COOKIE_SAMESITE"],
                )
                csrf.get_token(request)
                response.data = {"Success": "Login successfully", "data": data}
                return response
            else:
                return Response({"No active": "This account is not active!!"}, status=status.HTTP_404_NOT_FOUND)
        else:
            return Response({"Invalid": "Invalid username or password!!"}, status=status.HTTP_404_NOT_FOUND)


# A token of the database in a cookie.


def handle_exceptions(func):
    """The text imports it from elsewhere; this is what its name says."""

    def wrapper(*args, **kwargs):
        try:
            return func(*args, **kwargs)
        except Exception as error:
            return Response({"error": str(error)}, status=status.HTTP_400_BAD_REQUEST)

    return wrapper


class CreateUser(APIView):
    authentication_classes = []
    permission_classes = []

    @handle_exceptions
    def post(self, request):
        data = request.data.copy()
        data["username"] = data.get("email")
        new_user = User.objects.create_user(**data)
        new_user.full_clean()
        new_user.save()
        token = Token.objects.create(user=new_user)
        return with_token(Response({"email": new_user.email}, status=status.HTTP_201_CREATED), token)


class LogIn(APIView):
    authentication_classes = []
    permission_classes = []

    @handle_exceptions
    def post(self, request):
        data = request.data.copy()
        data["username"] = data.get("email")
        user = authenticate(username=data.get("username"), password=data.get("password"))
        if user:
            token, _ = Token.objects.get_or_create(user=user)
            return with_token(Response({"email": user.email}), token)
        return Response("No user matching credentials", status=status.HTTP_404_NOT_FOUND)


def with_token(response, token):
    life_time = datetime.now() + timedelta(days=7)
    format_life_time = life_time.strftime("%a, %d %b %Y %H:%M:%S GMT")
    response.set_cookie(
        key="token", value=token.key, httponly=True, secure=True, samesite="Lax", expires=format_life_time
    )
    return response


class UserView(APIView):
    authentication_classes = [CookieAuthentication, TokenAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"email": request.user.email})


class TokenNoteView(UserView):
    post = NoteView.post


class LogOut(UserView):
    @handle_exceptions
    def post(self, request):
        user = request.user
        user.auth_token.delete()
        response = Response(f"{user.email} has been logged out")
        response.delete_cookie("token")
        return response


urlpatterns = {
    "refresh": [
        path("accounts/auth/refresh_token/", RefreshTokenAPIView.as_view()),
        path("accounts/auth/login/", LoginAPIView.as_view()),
        path("accounts/user/", UserRetrieveAPIView.as_view()),
        path("accounts/note/", NoteView.as_view()),
    ],
    "csrf": [
        path("login/", LoginView.as_view()),
        path("user/", UserRetrieveAPIView.as_view()),
        path("note/", NoteView.as_view()),
    ],
    "token": [
        path("api/v1/users/create/", CreateUser.as_view()),
        path("api/v1/users/login/", LogIn.as_view()),
        path("api/v1/users/logout/", LogOut.as_view()),
        path("api/v1/users/note/", TokenNoteView.as_view()),
        path("api/v1/users/", UserView.as_view()),
    ],
}[VARIANT]


def serve():
    from django.core.management import call_command
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0, run_syncdb=True)
    for username in USERS:
        User.objects.create_user(username=username, password=PASSWORD)
    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    print(server.server_address[1], flush=True)
    server.serve_forever()


serve()
