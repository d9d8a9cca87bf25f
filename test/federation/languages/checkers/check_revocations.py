import json
import logging
import sys

from cookie import one_cookie
from revocations import Revocations
from session import who_is

logging.disable()
revocations = Revocations()
for line in sys.stdin:
    order = json.loads(line)
    revocations.heard -= order["silence"]
    cookies = order["cookies"]
    print(json.dumps(revocations.cover(one_cookie(cookies), who_is(cookies))), flush=True)
