import json
import sys

from session import who_is

for line in sys.stdin:
    try:
        answer = {"claims": who_is(json.loads(line)["cookies"])}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
