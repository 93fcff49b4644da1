"""Parses forms with the email package and says what is in them.

Each line of the file that is named is a form: {"type": its Content-Type, "body": base64}.
Each line printed is a list of its parts: {"name", "filename", "type", "content"} in base64
or null, and "fields", "kind" and "defects". Bytes go through the parser as ISO 8859-1,
which keeps each as it is. The file name is asked for as a parameter: get_filename() takes
blanks off its ends.
"""

import base64
import email.parser
import json
import sys


def encoded(text):
    return None if text is None else base64.b64encode(text.encode("latin-1")).decode("ascii")


def part(message):
    return {
        "name": encoded(message.get_param("name", header="Content-Disposition")),
        "filename": encoded(message.get_param("filename", header="Content-Disposition")),
        "type": encoded(message.get("Content-Type")),
        "fields": message.keys(),
        "content": encoded(message.get_payload()),
        "kind": message.get_content_disposition(),
        "defects": [repr(defect) for defect in message.defects],
    }


def parts(form):
    body = base64.b64decode(form["body"]).decode("latin-1")
    message = email.parser.Parser().parsestr("Content-Type: " + form["type"] + "\r\n\r\n" + body)
    if message.get_content_type() != "multipart/form-data":
        raise ValueError(message.get_content_type())
    return [part(p) for p in message.get_payload()] if message.is_multipart() else []


with open(sys.argv[1], encoding="ascii") as forms:
    for line in forms:
        print(json.dumps(parts(json.loads(line))))
