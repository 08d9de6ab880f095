"""Prints the commands of the README's section "Operating it" as one script.

Usage: readme_walk.py README ADDRESS

Only what has to differ is replaced: the address, and the token, which is in ADMIN_TOKEN. At the
end the revoked key is used once more, as the text between the commands says.
"""

import re
import sys

readme, address = sys.argv[1:]
text = open(readme, encoding="utf-8").read()
section = re.search(r"^## Operating it$(.*?)^## ", text, re.MULTILINE | re.DOTALL)
if section is None:
    sys.exit(f'{readme} has no section "Operating it"')
blocks = re.findall(r"^```\n(.*?)^```$", section.group(1), re.MULTILINE | re.DOTALL)
if len(blocks) < 6:
    sys.exit(f"{readme} has only {len(blocks)} blocks of commands")
script = "\n".join(blocks).replace("127.0.0.1:8080", address)
token = re.compile(r"^export PATCHBAY_ADMIN_TOKEN=eyJ…$", re.MULTILINE)
script, tokens = token.subn('export PATCHBAY_ADMIN_TOKEN="$ADMIN_TOKEN"', script)
if tokens != 1:
    sys.exit(f"{readme} sets the token {tokens} times")
# The walk's own PATH is that of a checkout with a release build.
script = re.sub(r"^export PATH=.*$", "", script, flags=re.MULTILINE)
print(script)
print(f'curl -i http://{address}/v1/models -H "Authorization: Bearer $LAPTOP_KEY"')
