"""Makes the tables and the users, and serves the site on the port that is its argument."""

import json
import os
import sys

import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()

from django.contrib.auth.models import User  # noqa: E402

call_command("migrate", verbosity=0)
for login, password, name in json.loads(os.environ["LOGINS"]):
    if not User.objects.filter(username=login).exists():
        User.objects.create_user(login, password=password, first_name=name)
call_command("runserver", f"localhost:{sys.argv[1]}", use_reloader=False, skip_checks=True)
